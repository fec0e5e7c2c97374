# A Kafka broker on port 9092: docker build -t kpybroker . && docker run -p 9092:9092 kpybroker
FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY kpybroker kpybroker
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels . \
 && python -m venv --without-pip /opt/kpybroker \
 && pip --python /opt/kpybroker/bin/python install --no-cache-dir --only-binary=:all: /wheels/*.whl

FROM python:3.13-slim
COPY --from=build /opt/kpybroker /opt/kpybroker
RUN useradd --system --no-create-home --shell /usr/sbin/nologin kpybroker
ENV PATH=/opt/kpybroker/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER kpybroker
EXPOSE 9092
HEALTHCHECK --interval=2s --timeout=2s --retries=15 CMD ["bash", "-c", "</dev/tcp/127.0.0.1/9092"]
# Options of `kpybroker start` may follow the image's name; of two overrides for one setting the later one counts.
# From outside, a container's port is known by the host's name: tell another one where clients dial another one.
ENTRYPOINT ["kpybroker", "start", "--host", "0.0.0.0", "--override", "advertised.listeners=PLAINTEXT://localhost:9092"]
