{{- define "harbour.fullname" -}}
{{ .Release.Name }}
{{- end }}
{{- define "harbour.metrics" -}}
{{ .Values.metrics.image.registry }}/{{ .Values.metrics.image.repository }}
{{- end }}
