"""Custom resource definitions that stand in for those of operators: in our own words, only the fields that the chart
and the recipes set, each with its type. The API server refuses any other field, so a misspelt one is found; whether the
operator does with them what they say is not."""

TEXT, WHOLE, TRUTH = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
EITHER = {"x-kubernetes-int-or-string": True}  # a port by name or number
OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}  # parts of a pod, checked as a pod elsewhere


def many(one):
    return {"type": "array", "items": one}


def named(one):
    """A map of free names."""
    return {"type": "object", "additionalProperties": one}


def fields(*required, **properties):
    # A field that Python keeps for itself ends in an underscore here.
    properties = {name.rstrip("_"): one for name, one in properties.items()}
    return {"type": "object", "properties": properties, **({"required": list(required)} if required else {})}


def one_of(*words):
    return TEXT | {"enum": list(words)}


CONDITION = fields("key", "operator", key=TEXT, operator=TEXT, values=many(TEXT))
SELECTOR = fields(matchLabels=named(TEXT), matchExpressions=many(CONDITION))
RELABELLING = fields(
    sourceLabels=many(TEXT), targetLabel=TEXT, regex=TEXT, replacement=TEXT, action=TEXT, separator=TEXT
)
SCRAPED = {
    "port": TEXT, "path": TEXT, "interval": TEXT, "scrapeTimeout": TEXT, "honorLabels": TRUTH, "scheme": TEXT,
    "relabelings": many(RELABELLING), "metricRelabelings": many(RELABELLING),
}  # fmt: skip
WATCHED = {
    "namespaceSelector": fields(any=TRUTH, matchNames=many(TEXT)), "selector": SELECTOR, "podTargetLabels": many(TEXT),
    "jobLabel": TEXT, "sampleLimit": WHOLE,
}  # fmt: skip
RULE = fields(
    "expr", alert=TEXT, record=TEXT, expr=EITHER, for_=TEXT, keep_firing_for=TEXT, labels=named(TEXT),
    annotations=named(TEXT),
)  # fmt: skip
KAFKA_ACL = fields(
    "resource", type=one_of("allow", "deny"), host=TEXT, operations=many(TEXT),
    resource=fields("type", type=one_of("topic", "group", "cluster", "transactionalId"), name=TEXT,
                    patternType=one_of("literal", "prefix")),
)  # fmt: skip

KINDS = {
    # (group, version, kind, plural): schema of `spec`
    ("monitoring.coreos.com", "v1", "PodMonitor", "podmonitors"): fields(
        "podMetricsEndpoints", "selector", podMetricsEndpoints=many(fields(**SCRAPED)), **WATCHED
    ),
    ("monitoring.coreos.com", "v1", "ServiceMonitor", "servicemonitors"): fields(
        "endpoints", "selector", endpoints=many(fields(**SCRAPED)), targetLabels=many(TEXT), **WATCHED
    ),
    ("monitoring.coreos.com", "v1", "PrometheusRule", "prometheusrules"): fields(
        groups=many(fields("name", name=TEXT, interval=TEXT, rules=many(RULE)))
    ),
    ("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects"): fields(
        "scaleTargetRef", "triggers",
        scaleTargetRef=fields("name", name=TEXT, kind=TEXT, apiVersion=TEXT),
        triggers=many(fields("type", "metadata", type=TEXT, name=TEXT, metadata=named(TEXT),
                             authenticationRef=fields("name", name=TEXT, kind=TEXT))),
        minReplicaCount=WHOLE, maxReplicaCount=WHOLE, pollingInterval=WHOLE, cooldownPeriod=WHOLE,
        idleReplicaCount=WHOLE, fallback=OPEN, advanced=OPEN,
    ),
    ("serving.kserve.io", "v1beta1", "InferenceService", "inferenceservices"): fields(
        "predictor",
        predictor=fields(
            containers=many(OPEN), initContainers=many(OPEN), volumes=many(OPEN), minReplicas=WHOLE, maxReplicas=WHOLE,
            serviceAccountName=TEXT, securityContext=OPEN, automountServiceAccountToken=TRUTH, model=OPEN,
            annotations=named(TEXT), labels=named(TEXT), terminationGracePeriodSeconds=WHOLE,
        ),
    ),
    ("kafka.strimzi.io", "v1", "Kafka", "kafkas"): fields(
        "kafka",
        kafka=fields(
            "listeners", version=TEXT, metadataVersion=TEXT, config=OPEN, authorization=fields("type", type=TEXT),
            listeners=many(fields(
                "name", "port", "type", "tls", name=TEXT, port=WHOLE, type=TEXT, tls=TRUTH,
                authentication=fields("type", type=one_of("scram-sha-512", "tls")),
            )),
        ),
        entityOperator=fields(topicOperator=OPEN, userOperator=OPEN),
    ),
    ("kafka.strimzi.io", "v1", "KafkaNodePool", "kafkanodepools"): fields(
        "replicas", "roles", "storage", replicas=WHOLE, roles=many(one_of("controller", "broker")),
        storage=fields("type", type=TEXT, size=TEXT, deleteClaim=TRUTH),
    ),
    ("kafka.strimzi.io", "v1", "KafkaTopic", "kafkatopics"): fields(
        partitions=WHOLE, replicas=WHOLE, config=OPEN, topicName=TEXT
    ),
    ("kafka.strimzi.io", "v1", "KafkaUser", "kafkausers"): fields(
        authentication=fields("type", type=one_of("scram-sha-512", "tls")),
        authorization=fields("type", type=one_of("simple"), acls=many(KAFKA_ACL)),
    ),
    ("mlops.seldon.io", "v1alpha1", "Model", "models"): fields(
        "storageUri", storageUri=TEXT, requirements=many(TEXT), memory=TEXT, server=TEXT, replicas=WHOLE,
        minReplicas=WHOLE, maxReplicas=WHOLE,
    ),
    ("mlops.seldon.io", "v1alpha1", "Server", "servers"): fields(
        "serverConfig", serverConfig=TEXT, replicas=WHOLE, capabilities=many(TEXT), extraCapabilities=many(TEXT),
        podSpec=OPEN,
    ),
}  # fmt: skip


def definitions():
    """A manifest for each kind."""
    for (group, version, kind, plural), spec in KINDS.items():
        schema = {"type": "object", "required": ["spec"], "properties": {"spec": spec, "status": OPEN}}
        yield {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{group}"},
            "spec": {
                "group": group,
                "scope": "Namespaced",
                "names": {"kind": kind, "plural": plural},
                "versions": [{"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
            },
        }
