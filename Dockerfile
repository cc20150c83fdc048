# The agent without its build tools. Run it with a configuration mounted:
#   docker run -v ./site.yaml:/etc/rackagent/site.yaml:ro -p 9847:9847 rackagent
# and `http: {listen: "0.0.0.0:9847"}` in it, since 127.0.0.1 is the container's own.

FROM python:3.13-slim AS build
WORKDIR /build
RUN python -m venv /opt/rackagent
COPY requirements.lock requirements-dev.lock ./
RUN /opt/rackagent/bin/python -m pip install --no-cache-dir --require-hashes -r requirements.lock \
 && python -m pip install --no-cache-dir --require-hashes -r requirements-dev.lock
COPY . .
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
 && /opt/rackagent/bin/python -m pip install --no-cache-dir --no-deps dist/*.whl

FROM python:3.13-slim
LABEL org.opencontainers.image.title="rackagent" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/opt/rackagent/bin:$PATH PYTHONUNBUFFERED=1
COPY --from=build /opt/rackagent /opt/rackagent
RUN useradd --system --uid 9847 --no-create-home rackagent \
 && install -d -o 9847 /var/lib/rackagent
VOLUME /var/lib/rackagent
USER 9847
EXPOSE 9847
HEALTHCHECK --interval=30s --timeout=3s --start-period=10s CMD ["python", "-c", \
  "import urllib.request as u; u.urlopen('http://127.0.0.1:9847/-/healthy', timeout=2)"]
ENTRYPOINT ["rackagent"]
CMD ["run", "/etc/rackagent/site.yaml"]
