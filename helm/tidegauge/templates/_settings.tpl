{{/* What the chart has to know of the monitor's settings. */}}

{{/* The settings as JSON. That they are right is said by `tidegauge config check`; here only what is read must be. */}}
{{- define "tidegauge.settings" -}}
{{- $text := required "config: the monitor's settings are required (docs/kubernetes.md)" .Values.config -}}
{{- $settings := fromYaml $text -}}
{{- if hasKey $settings "Error" -}}
{{- fail (printf "config: not a YAML map: %s" $settings.Error) -}}
{{- end -}}
{{- range $key := list "web" "state" -}}
{{- $part := get $settings $key -}}
{{- if and $part (not (kindIs "map" $part)) -}}
{{- fail (printf "config: %s: must be a map" $key) -}}
{{- end -}}
{{- end -}}
{{ toJson $settings }}
{{- end }}

{{- define "tidegauge.port" -}}
{{- $web := (include "tidegauge.settings" . | fromJson).web | default dict -}}
{{- $port := ternary $web.port 9464 (hasKey $web "port") | int -}}
{{- if or (lt $port 1) (gt $port 65535) -}}
{{- fail "config: web.port: must be a fixed port, from 1 to 65535" -}}
{{- end -}}
{{ $port }}
{{- end }}

{{/* The state folder; empty when nothing is kept. */}}
{{- define "tidegauge.statePath" -}}
{{- $state := (include "tidegauge.settings" . | fromJson).state | default dict -}}
{{- $path := ternary $state.path "/var/lib/tidegauge" (hasKey $state "path") | default "" | toString -}}
{{- if and $path (not (hasPrefix "/" $path)) -}}
{{- fail (printf "config: state.path: must be absolute, not %s" $path) -}}
{{- end -}}
{{ $path }}
{{- end }}
