# The API and the conductor: one image, told apart by the command.
ARG PYTHON_IMAGE=python:3.12-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
WORKDIR /src
RUN python -m venv /opt/paceline
COPY docker/server.lock docker/server.lock
RUN /opt/paceline/bin/pip install --no-cache-dir --require-hashes --no-deps --only-binary :all: -r docker/server.lock
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY migrations migrations
COPY paceline paceline
COPY workers workers
RUN /opt/paceline/bin/pip install --no-cache-dir --no-deps .

FROM ${PYTHON_IMAGE}
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/paceline paceline \
    && install --directory --owner=paceline --mode=0700 /var/lib/paceline/store /var/lib/paceline/tokens
COPY --from=build /opt/paceline /opt/paceline
COPY docker/healthcheck.py docker/conductor_health.py docker/first_token.sh /opt/paceline/docker/
ENV PATH=/opt/paceline/bin:$PATH PYTHONUNBUFFERED=1
WORKDIR /var/lib/paceline
USER paceline
EXPOSE 8731
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
    CMD ["python", "/opt/paceline/docker/healthcheck.py", "http://127.0.0.1:8731/readyz"]
ENTRYPOINT ["paceline"]
CMD ["api", "--host", "0.0.0.0"]
