{{/*
The monitor in the pods of another chart, which names this one as a dependency with `mode: sidecar` and includes, each
with `.Subcharts.tidegauge`:

  tidegauge.sidecar.labels          labels of the pod, by which the PodMonitor selects it
  tidegauge.sidecar.annotations     annotations of the pod: new settings make new pods
  tidegauge.sidecar.initContainers  entries of the pod's init containers; may be empty
  tidegauge.sidecar.containers      entries of the pod's containers; may be empty
  tidegauge.sidecar.volumes         entries of the pod's volumes

A monitor that does not see must not stop a model from serving. So its container has no readiness probe, which would
count for the whole pod, and no startup probe, for which the model would wait.
*/}}

{{- define "tidegauge.sidecar.labels" -}}
tidegauge-sidecar: {{ include "tidegauge.fullname" . | quote }}
{{- end }}

{{- define "tidegauge.sidecar.annotations" -}}
checksum/tidegauge-config: {{ sha256sum .Values.config }}
{{- end }}

{{- define "tidegauge.sidecar.container" -}}
- {{ include "tidegauge.container" . | nindent 2 | trim }}
  {{- if .Values.sidecar.native }}
  restartPolicy: Always
  {{- end }}
{{- end }}

{{- define "tidegauge.sidecar.initContainers" -}}
{{- with include "tidegauge.bringer" . -}}
- {{ . | nindent 2 | trim }}
{{ end -}}
{{- if .Values.sidecar.native -}}
{{ include "tidegauge.sidecar.container" . }}
{{- end -}}
{{- end }}

{{- define "tidegauge.sidecar.containers" -}}
{{- if not .Values.sidecar.native -}}
{{ include "tidegauge.sidecar.container" . }}
{{- end -}}
{{- end }}

{{- define "tidegauge.sidecar.volumes" -}}
{{ include "tidegauge.volumes" . }}
{{- end }}
