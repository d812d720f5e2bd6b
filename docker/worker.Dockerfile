# A worker node. The base image brings what the trainings need: by default a plain Python, for GPUs
# an image with CUDA, a framework and Python 3.11 or newer.
ARG BASE_IMAGE=python:3.12-slim-bookworm

FROM ${BASE_IMAGE}
USER root
WORKDIR /src
# The environment sees the base image's packages, so that trainings started by it find the framework.
RUN python3 -m venv --system-site-packages /opt/paceline
COPY docker/worker.lock docker/worker.lock
RUN /opt/paceline/bin/pip install --no-cache-dir --require-hashes --no-deps --only-binary :all: -r docker/worker.lock
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY migrations migrations
COPY paceline paceline
COPY workers workers
RUN /opt/paceline/bin/pip install --no-cache-dir --no-deps . \
    && useradd --system --uid 10001 --create-home --home-dir /var/lib/paceline paceline \
    && install --directory --owner=paceline --mode=0700 \
       /var/lib/paceline/store /var/lib/paceline/tokens /var/lib/paceline/worker
COPY docker/healthcheck.py /opt/paceline/docker/
ENV PATH=/opt/paceline/bin:$PATH PYTHONUNBUFFERED=1
WORKDIR /var/lib/paceline
USER paceline
# The worker itself is the container's first process; what can be ill beside it is the way to the API.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "/opt/paceline/docker/healthcheck.py", "/healthz"]
ENTRYPOINT ["paceline"]
CMD ["worker", "--state-dir", "/var/lib/paceline/worker"]
