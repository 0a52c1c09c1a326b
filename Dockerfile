# Images of Tidegauge; docs/images.md says how to build and run them.
#
#   docker build --target base   --tag tidegauge .
#   docker build --target neural --tag tidegauge:neural --build-arg PIP_EXTRA_INDEX_URL=... .

ARG PYTHON=3.13.9-slim-trixie

FROM python:${PYTHON} AS builder
WORKDIR /src
COPY . .
RUN ["scripts/image.sh", "/opt/tidegauge"]

FROM builder AS neural-builder
# torch is large, and larger still where it is built for CUDA: an index that has CPU builds.
ARG PIP_EXTRA_INDEX_URL
RUN ["scripts/image.sh", "/opt/tidegauge", "neural"]

FROM python:${PYTHON} AS runtime
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Tidegauge" \
      org.opencontainers.image.description="Production behavioural drift monitor for fine-tuned language models" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# Nothing is written but to the state's folder and /tmp. One BLAS thread: others would spin beside the model.
# Caches of downloaded networks go where a volume may be; without one there is no home.
ENV PATH=/opt/tidegauge/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    OPENBLAS_NUM_THREADS=1 \
    HOME=/tmp \
    HF_HOME=/var/lib/tidegauge/huggingface
# Any user may run it, group 0 without a number of its own too, as OpenShift does.
RUN ["install", "-d", "-g", "0", "-m", "0775", "/var/lib/tidegauge"]
USER 65532:0
EXPOSE 9464
STOPSIGNAL SIGTERM
# Whoever runs it asks /healthz; a command of its own would be a Python every few seconds.
HEALTHCHECK NONE
ENTRYPOINT ["tidegauge"]
CMD ["run", "--config", "/etc/tidegauge/monitor.yaml"]

FROM runtime AS neural
COPY --from=neural-builder /opt/tidegauge /opt/tidegauge

# The last one, so what is built where no target is named.
FROM runtime AS base
COPY --from=builder /opt/tidegauge /opt/tidegauge
