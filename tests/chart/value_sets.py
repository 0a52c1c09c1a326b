"""Sets of values that must work: what users want, each by itself and together. `SINCE` names those that need a newer
Kubernetes than 1.27."""

from pathlib import Path

ROOT = Path(__file__).parents[2]

CONFIG = """\
models:
  - name: support-bot
    baseline: /baselines/support-bot
sources:
  - kafka: {bootstrap_servers: "kafka:9092", topics: [llm-traffic]}
"""
FLEET = """\
namespace: shop
models:
  - {name: support-bot, baseline: /baselines/support-bot, match: {model: "support-bot*"}}
  - {name: sql-bot, baseline: /baselines/sql-bot.zip, match: {adapter: "sql-*"}}
sources:
  - kafka:
      bootstrap_servers: [kafka-0:9094, kafka-1:9094]
      topics: [llm-traffic, llm-batch]
      group_id: shop
      auto_offset_reset: earliest
      security_protocol: SASL_SSL
      sasl_mechanism: SCRAM-SHA-512
      username: tidegauge
      password_file: /secrets/kafka-password
      ssl_cafile: /secrets/ca.pem
sampling: {target_per_sec: 20}
limits: {max_record_bytes: 20971520}
"""
NOTHING_KEPT = CONFIG + "state: {path: null}\n"
ELSEWHERE = CONFIG + "state: {path: /data/state}\nweb: {port: 9500}\n"

DIGEST = "sha256:" + "ab" * 32
SECRETS = [
    {"name": "kafka-user", "items": [{"key": "password", "path": "kafka-password"}]},
    {"name": "kafka-ca", "items": [{"key": "ca.crt", "path": "ca.pem"}]},
]
BRINGER = {
    "image": "example.com/fetch:1",
    "command": ["fetch", "s3://baselines/support-bot"],
    "env": [{"name": "REGION", "value": "eu-1"}],
    "envFrom": [{"secretRef": {"name": "fetch"}}],
    "resources": {"limits": {"memory": "64Mi"}},
}
SCRAPED = {"enabled": True, "labels": {"release": "prom"}, "interval": "30s", "scrapeTimeout": "10s"}
SPREAD = {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway"}
BY_NODE = SPREAD | {"topologyKey": "kubernetes.io/hostname"}
SMALL = {"requests": {"cpu": 0.5, "memory": "1Gi"}, "limits": {"cpu": 0.5, "memory": "1Gi"}}
HARD = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
PEERS = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
WAYS_OUT = [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": 9092, "protocol": "TCP"}]}]

SETS = {
    "least": {},
    "deployment": {"workload": {"kind": "Deployment"}},
    "deployment, nothing kept": {"workload": {"kind": "Deployment"}, "persistence": {"enabled": False}},
    "deployment, own claim": {"workload": {"kind": "Deployment"}, "persistence": {"existingClaim": "state"}},
    "deployment, claim goes": {
        "workload": {"kind": "Deployment"},
        "persistence": {"keep": False, "annotations": {"a": "b"}},
    },
    "stateful set, own claim": {"persistence": {"existingClaim": "state"}},
    "stateful set, nothing kept": {"persistence": {"enabled": False, "emptyDirSizeLimit": "5Gi"}},
    "stateful set, claims go": {
        "persistence": {"keep": False, "storageClassName": "fast", "size": "10Gi", "annotations": {"a": "b"}}
    },
    "one writer": {"persistence": {"accessModes": ["ReadWriteOncePod"]}},
    "no state": {"config": NOTHING_KEPT},
    "no state, deployment": {"config": NOTHING_KEPT, "workload": {"kind": "Deployment", "replicas": 3}},
    "another port and folder": {"config": ELSEWHERE},
    "every setting": {"config": (ROOT / "examples" / "monitor.yaml").read_text(encoding="utf-8")},
    "fleet": {"config": FLEET, "existingSecrets": SECRETS, "resources": SMALL},
    "replicas": {
        "workload": {"replicas": 3},
        "podDisruptionBudget": {"enabled": True},
        "topologySpreadConstraints": [SPREAD],
    },
    "paused": {"workload": {"replicas": 0}},
    "stable members": {
        "workload": {"replicas": 2},
        "extraEnv": [
            {
                "name": "TIDEGAUGE_SOURCES__0__KAFKA__GROUP_INSTANCE_ID",
                "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}},
            }
        ],
    },
    "rolling update": {
        "workload": {
            "kind": "Deployment",
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}},
            "revisionHistoryLimit": 0,
            "annotations": {"a": "b"},
        },
        "persistence": {"enabled": False},
    },
    "update by hand": {"workload": {"updateStrategy": {"type": "OnDelete"}}},
    "digest": {"image": {"repository": "registry.local:5000/ml/tidegauge", "digest": DIGEST, "tag": "1.0"}},
    "tag": {"image": {"tag": "0.1.0-neural", "pullPolicy": "Always"}, "imagePullSecrets": [{"name": "registry"}]},
    "secret": {"existingSecrets": [{"name": "tidegauge", "optional": True}]},
    "baselines, claim": {
        "baselines": {"volume": {"persistentVolumeClaim": {"claimName": "baselines", "readOnly": True}}}
    },
    "baselines, image": {
        "baselines": {"volume": {"image": {"reference": "example.com/baselines:v7", "pullPolicy": "Always"}}}
    },
    "baselines, config map": {"baselines": {"volume": {"configMap": {"name": "baselines"}}, "mountPath": "/b"}},
    "baselines, init container": {"baselines": {"initContainer": BRINGER}},
    "baselines, init container into a claim": {
        "baselines": {"initContainer": BRINGER, "volume": {"persistentVolumeClaim": {"claimName": "baselines"}}}
    },
    "openshift": {"podSecurityContext": {"fsGroup": None, "fsGroupChangePolicy": None}},
    "user": {"podSecurityContext": {"runAsUser": 1000, "runAsGroup": 0, "supplementalGroups": [2000]}},
    "placed": {
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
        "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
        "priorityClassName": "high",
    },
    "own spread": {"topologySpreadConstraints": [SPREAD | {"labelSelector": {"matchLabels": {"a": "b"}}}, BY_NODE]},
    "times": {
        "startupProbe": {"failureThreshold": 300},
        "livenessProbe": {"initialDelaySeconds": 10},
        "readinessProbe": {"periodSeconds": 1},
        "terminationGracePeriodSeconds": 120,
    },
    "no resources": {"resources": {"requests": None, "limits": None}},
    "neural": {
        "tmpSizeLimit": "4Gi",
        "resources": {"limits": {"memory": "4Gi", "cpu": "4", "ephemeral-storage": "10Gi"}},
    },
    "labels": {
        "commonLabels": {"team": "ml", "app.kubernetes.io/part-of": "serving"},
        "podLabels": {"team": "llm", "sidecar.istio.io/inject": "false"},
        "podAnnotations": {"a": "1"},
        "nameOverride": "gauge",
    },
    "name": {"fullnameOverride": "gauge"},
    "extras": {
        "extraEnv": [{"name": "HF_HUB_OFFLINE", "value": "1"}],
        "extraEnvFrom": [{"configMapRef": {"name": "a"}}, {"prefix": "X_", "secretRef": {"name": "b"}}],
        "extraVolumes": [{"name": "models", "persistentVolumeClaim": {"claimName": "models"}}],
        "extraVolumeMounts": [{"name": "models", "mountPath": "/models", "readOnly": True}],
        "extraInitContainers": [{"name": "wait", "image": "example.com/wait:1", "securityContext": HARD}],
        "extraContainers": [{"name": "proxy", "image": "example.com/proxy:1", "securityContext": HARD}],
        "extraObjects": [
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "extra"}, "data": {"a": "{{ b }}"}}
        ],
    },
    "service account": {"serviceAccount": {"name": "gauge", "annotations": {"role": "x"}, "automountToken": True}},
    "existing service account": {"serviceAccount": {"create": False, "name": "gauge"}},
    "default service account": {"serviceAccount": {"create": False}},
    "service": {"service": {"type": "LoadBalancer", "port": 80, "labels": {"a": "b"}, "annotations": {"c": "d"}}},
    "pod monitor": {"podMonitor": SCRAPED},
    "service monitor": {
        "serviceMonitor": SCRAPED
        | {
            "honorLabels": False,
            "annotations": {"a": "b"},
            "relabelings": [{"action": "labeldrop", "regex": "pod"}],
            "metricRelabelings": [{"action": "drop", "regex": "python_.*", "sourceLabels": ["__name__"]}],
        }
    },
    "rules": {"prometheusRule": {"enabled": True, "labels": {"release": "prom"}}},
    "some rules": {
        "prometheusRule": {
            "enabled": True,
            "labels": {"release": "prom"},
            "disabledAlerts": ["InputShift", "MonitorBlind"],
            "additionalRuleLabels": {"team": "ml"},
            "annotations": {"a": "b"},
        },
        "links": {"grafana": "https://grafana.example.com/", "runbooks": "https://wiki.example.com/runbooks/"},
    },
    "dashboards": {"dashboards": {"enabled": True}},
    "dashboards elsewhere": {
        "dashboards": {
            "enabled": True,
            "namespace": "grafana",
            "labels": {"grafana_dashboard": None, "team": "ml"},
            "annotations": {},
        },
        "links": {"runbooks": "https://wiki.example.com/runbooks"},
    },
    "network": {"networkPolicy": {"enabled": True}},
    "narrow network": {"networkPolicy": {"enabled": True, "from": PEERS, "egress": WAYS_OUT}},
    "autoscaled": {"autoscaling": {"enabled": True, "behavior": {"scaleDown": {"stabilizationWindowSeconds": 600}}}},
    "autoscaled deployment": {
        "autoscaling": {"enabled": True, "minReplicas": 2, "maxReplicas": 6, "targetCPUUtilizationPercentage": 60},
        "workload": {"kind": "Deployment"},
        "persistence": {"enabled": False},
    },
    "by lag": {"keda": {"enabled": True}},
    "fleet by lag": {
        "config": FLEET,
        "existingSecrets": SECRETS,
        "keda": {"enabled": True, "authentication": "kafka", "metadata": {"sasl": "scram_sha512", "tls": "enable"}},
    },
    "sidecar": {"mode": "sidecar"},
    "sidecar, observed": {
        "mode": "sidecar",
        "podMonitor": SCRAPED,
        "prometheusRule": {"enabled": True},
        "dashboards": {"enabled": True},
    },
    "in the umbrella of another": {"global": {"imageRegistry": "example.com"}},
}
SETS["all at once"] = {
    key: value
    for name in (
        "fleet by lag",
        "replicas",
        "digest",
        "baselines, init container",
        "placed",
        "times",
        "labels",
        "extras",
        "service account",
        "service",
        "pod monitor",
        "some rules",
        "dashboards elsewhere",
        "narrow network",
    )
    for key, value in SETS[name].items()
}
SINCE = {"baselines, image": 31}


def full(name):
    """The values of a set, with settings where it has none of its own."""
    return {"config": CONFIG} | SETS[name]
