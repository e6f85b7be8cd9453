# One image for every process of Atelier; the command says which: `gateway`, `billing`, `generation worker`,
# `notifier migrate` …  Build: docker build --build-arg VERSION=0.1.0 -t atelier:0.1.0 .

ARG PYTHON_IMAGE=python:3.11-slim-bookworm

# --- build: everything lands in /opt/atelier, a virtual environment without pip -------------------------------
FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_INPUT=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /build

COPY requirements/build.txt requirements/runtime.txt requirements/
RUN python -m venv /opt/build \
 && python -m venv --without-pip /opt/atelier \
 && /opt/build/bin/pip install --no-cache-dir --no-deps --only-binary :all: --require-hashes -r requirements/build.txt \
 && /opt/build/bin/pip --python /opt/atelier/bin/python install \
      --no-cache-dir --no-deps --only-binary :all: --require-hashes -r requirements/runtime.txt

COPY libs/common libs/common
COPY services/gateway services/gateway
COPY services/billing services/billing
COPY services/generation services/generation
COPY services/notifier services/notifier
RUN /opt/build/bin/pip wheel --no-cache-dir --no-deps --no-index --no-build-isolation --wheel-dir wheels \
      ./libs/common ./services/gateway ./services/billing ./services/generation ./services/notifier \
 && /opt/build/bin/pip --python /opt/atelier/bin/python install --no-cache-dir --no-deps --no-index wheels/*.whl \
 && /opt/atelier/bin/python -m compileall -q -j 0 /opt/atelier/lib

# --- the image: interpreter, environment, an unprivileged user; nothing is written outside /tmp ---------------
FROM ${PYTHON_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="atelier" \
      org.opencontainers.image.description="Backend of an AI studio: gateway, billing, generation, notifier" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# Two malloc arenas: a process of few threads keeps tens of megabytes less.
ENV PATH=/opt/atelier/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MALLOC_ARENA_MAX=2 \
    HEALTHCHECK_URL=http://127.0.0.1:8000/livez

COPY --from=build /opt/atelier /opt/atelier
WORKDIR /tmp
USER 10001:10001
STOPSIGNAL SIGTERM

# The image has no curl. Orchestrators with probes of their own (Kubernetes) ignore this.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(os.environ['HEALTHCHECK_URL'], timeout=4)"]

ENTRYPOINT ["python", "-m"]
CMD ["gateway"]
