{{/* What is refused because it could not work, beyond what the schema can say. Gives nothing. */}}

{{- define "tidegauge.checks" -}}
{{- $_ := include "tidegauge.settings" . -}}
{{- if and .Values.podMonitor.enabled .Values.serviceMonitor.enabled -}}
{{- fail "podMonitor.enabled, serviceMonitor.enabled: pods would be scraped twice; take one" -}}
{{- end -}}
{{- if eq .Values.mode "sidecar" -}}
{{- include "tidegauge.checks.sidecar" . -}}
{{- else -}}
{{- include "tidegauge.checks.replicas" . -}}
{{- end -}}
{{- end }}

{{- define "tidegauge.checks.sidecar" -}}
{{- if .Values.serviceMonitor.enabled -}}
{{- fail "serviceMonitor.enabled: a sidecar has no Service; take podMonitor" -}}
{{- end -}}
{{- if .Values.networkPolicy.enabled -}}
{{- fail "networkPolicy.enabled: the pods of a sidecar belong to another chart; restrict their traffic there" -}}
{{- end -}}
{{- end }}

{{/* A state folder belongs to one monitor at a time. */}}
{{- define "tidegauge.checks.replicas" -}}
{{- $scaled := or .Values.autoscaling.enabled .Values.keda.enabled -}}
{{- $several := or $scaled (gt (int .Values.workload.replicas) 1) -}}
{{- $one := and .Values.persistence.enabled (or .Values.persistence.existingClaim (eq .Values.workload.kind "Deployment")) (include "tidegauge.statePath" .) -}}
{{- $strategy := .Values.workload.updateStrategy.type | default "" -}}
{{- $alien := eq .Values.workload.kind "StatefulSet" | ternary "Recreate" "OnDelete" -}}
{{- if and .Values.autoscaling.enabled .Values.keda.enabled -}}
{{- fail "autoscaling.enabled, keda.enabled: both would set the replicas; take one" -}}
{{- end -}}
{{- range $key := list "autoscaling" "keda" -}}
{{- $scale := get $.Values $key -}}
{{- if and $scale.enabled (gt (int $scale.minReplicas) (int $scale.maxReplicas)) -}}
{{- fail (printf "%s.minReplicas: %d is more than %s.maxReplicas, %d" $key (int $scale.minReplicas) $key (int $scale.maxReplicas)) -}}
{{- end -}}
{{- end -}}
{{- if eq $strategy $alien -}}
{{- fail (printf "workload.updateStrategy.type: %s is none of a %s" $alien .Values.workload.kind) -}}
{{- end -}}
{{- if and $one $several -}}
{{- fail "persistence: replicas would share one claim, and a state folder belongs to one monitor; take workload.kind=StatefulSet without existingClaim, or persistence.enabled=false" -}}
{{- end -}}
{{- if and $one (eq .Values.workload.kind "Deployment") (eq $strategy "RollingUpdate") -}}
{{- fail "workload.updateStrategy.type: RollingUpdate would start a second monitor on one state folder; leave it out, or take persistence.enabled=false" -}}
{{- end -}}
{{- end }}
