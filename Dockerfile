# One image for everything Rounds runs: worker, pages, and the MLflow and Prefect servers it talks to,
# so that the versions on both ends of every wire are the ones in requirements.lock.
# Pin the base image by digest where images are mirrored: python:3.12.12-slim-bookworm@sha256:…

FROM python:3.12.12-slim-bookworm AS build
# requirements-kubernetes.lock is the same and Prefect's Kubernetes worker (docs/kubernetes.md).
ARG LOCK=requirements.lock
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv /opt/build && python -m venv /opt/rounds
COPY requirements.lock requirements-kubernetes.lock requirements-build.lock ./
RUN /opt/build/bin/pip install --no-deps --require-hashes -r requirements-build.lock \
    && /opt/rounds/bin/pip install --no-deps --require-hashes --only-binary :all: --compile -r "$LOCK"
COPY . .
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --no-index --wheel-dir /wheels . \
    && /opt/rounds/bin/pip install --no-deps --no-index --compile /wheels/*.whl \
    && /opt/rounds/bin/pip uninstall --yes pip

FROM python:3.12.12-slim-bookworm
LABEL org.opencontainers.image.title="Rounds" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/rounds /opt/rounds
# 10001 is nobody on the host. What is written goes to one volume; the rest may be read-only.
RUN install -d -o 10001 -g 10001 -m 0700 /var/lib/rounds
ENV PATH=/opt/rounds/bin:$PATH \
    ROUNDS_HOME=/var/lib/rounds \
    HOME=/var/lib/rounds \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DO_NOT_TRACK=true \
    MLFLOW_DISABLE_TELEMETRY=true \
    PREFECT_SERVER_ANALYTICS_ENABLED=false
WORKDIR /var/lib/rounds
USER 10001:10001
VOLUME /var/lib/rounds
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["rounds", "healthcheck"]
ENTRYPOINT ["rounds"]
CMD ["serve"]
