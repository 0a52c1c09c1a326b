{{/* The monitor's container and its volumes, the same in a pod of its own and in another's. Names of volumes begin with
`tidegauge-`, since they stand beside those of others. */}}

{{- define "tidegauge.securityContext" -}}
allowPrivilegeEscalation: false
capabilities: {drop: [ALL]}
readOnlyRootFilesystem: true
runAsNonRoot: true
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "tidegauge.container" -}}
name: tidegauge
image: {{ include "tidegauge.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
args: [run, -c, /etc/tidegauge/monitor.yaml]
env:
  - {name: HOME, value: /tmp}
  - {name: HF_HOME, value: {{ printf "%s/huggingface" (include "tidegauge.statePath" . | default "/tmp") | quote }}}
  {{- with .Values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .Values.extraEnvFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
ports:
  - {name: tidegauge, containerPort: {{ include "tidegauge.port" . }}, protocol: TCP}
livenessProbe:
  httpGet: {path: /healthz, port: tidegauge}
  {{- with .Values.livenessProbe }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .Values.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- include "tidegauge.securityContext" . | nindent 2 }}
terminationMessagePolicy: FallbackToLogsOnError
volumeMounts:
  - {name: tidegauge-config, mountPath: /etc/tidegauge, readOnly: true}
  - {name: tidegauge-tmp, mountPath: /tmp}
  {{- with include "tidegauge.statePath" . }}
  - {name: tidegauge-state, mountPath: {{ . | quote }}}
  {{- end }}
  {{- if .Values.existingSecrets }}
  - {name: tidegauge-secrets, mountPath: /secrets, readOnly: true}
  {{- end }}
  {{- if include "tidegauge.baselines" . }}
  - {name: tidegauge-baselines, mountPath: {{ .Values.baselines.mountPath | quote }}, readOnly: true}
  {{- end }}
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* The source of the baselines' volume; empty when none is mounted. */}}
{{- define "tidegauge.baselines" -}}
{{- if .Values.baselines.volume -}}
{{ toYaml .Values.baselines.volume }}
{{- else if .Values.baselines.initContainer -}}
emptyDir: {}
{{- end -}}
{{- end }}

{{/* The container that brings baselines; empty when there is none. */}}
{{- define "tidegauge.bringer" -}}
{{- with .Values.baselines.initContainer -}}
name: tidegauge-baselines
{{ toYaml (omit . "volumeMounts") }}
securityContext:
  {{- include "tidegauge.securityContext" $ | nindent 2 }}
volumeMounts:
  - {name: tidegauge-baselines, mountPath: {{ $.Values.baselines.mountPath | quote }}}
  - {name: tidegauge-tmp, mountPath: /tmp}
  {{- with .volumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}
{{- end }}

{{/* Whether the state folder is a claim per replica of a StatefulSet. */}}
{{- define "tidegauge.claimPerReplica" -}}
{{- if and (include "tidegauge.statePath" .) (eq .Values.mode "monitor") (eq .Values.workload.kind "StatefulSet") .Values.persistence.enabled (not .Values.persistence.existingClaim) -}}
yes
{{- end -}}
{{- end }}

{{- define "tidegauge.volumes" -}}
- name: tidegauge-config
  configMap: {name: {{ include "tidegauge.fullname" . | quote }}}
- name: tidegauge-tmp
  emptyDir: {sizeLimit: {{ .Values.tmpSizeLimit | quote }}}
{{- if and (include "tidegauge.statePath" .) (not (include "tidegauge.claimPerReplica" .)) }}
- name: tidegauge-state
  {{- if and .Values.persistence.enabled (or (eq .Values.mode "monitor") .Values.persistence.existingClaim) }}
  persistentVolumeClaim: {claimName: {{ .Values.persistence.existingClaim | default (include "tidegauge.fullname" .) | quote }}}
  {{- else }}
  emptyDir: {sizeLimit: {{ .Values.persistence.emptyDirSizeLimit | quote }}}
  {{- end }}
{{- end }}
{{- with .Values.existingSecrets }}
- name: tidegauge-secrets
  projected:
    sources:
      {{- range . }}
      - secret:
          {{- toYaml . | nindent 10 }}
      {{- end }}
{{- end }}
{{- with include "tidegauge.baselines" . }}
- name: tidegauge-baselines
  {{- . | nindent 2 }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
