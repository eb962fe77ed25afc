# The connector process. Temporal's native core needs glibc, hence Debian and not Alpine.
FROM node:24-bookworm-slim AS build
WORKDIR /opt/cadenza
COPY package.json package-lock.json .npmrc ./
# Not `npm ci`: it refuses a lock file without the natives of all systems. What the file names is installed as it says.
RUN npm install --ignore-scripts --no-save --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY codec codec
COPY config config
COPY model model
COPY platforms platforms
COPY runtimes runtimes
COPY activities activities
COPY workflows workflows
COPY worker worker
COPY client client
COPY sandbox sandbox
COPY tools tools
RUN node tools/build.mjs && npm prune --omit=dev --ignore-scripts
# Temporal ships its native core for five systems (about 148 MB); one is needed.
RUN cd node_modules/@temporalio/core-bridge/releases \
  && keep="$(uname -m)-unknown-linux-gnu" && test -d "$keep" \
  && find . -mindepth 1 -maxdepth 1 ! -name "$keep" -exec rm -rf {} +

FROM node:24-bookworm-slim AS worker
ENV NODE_ENV=production CADENZA_HOME=/var/lib/cadenza
COPY --from=build /opt/cadenza/package.json /opt/cadenza/package.json
COPY --from=build /opt/cadenza/node_modules /opt/cadenza/node_modules
COPY --from=build /opt/cadenza/dist /opt/cadenza/dist
COPY --from=build /opt/cadenza/sandbox/page /opt/cadenza/sandbox/page
RUN ln -s /opt/cadenza/dist/client/main.js /usr/local/bin/cadenza
# XTM Composer's folder: what an installation mounts at /opt/xtm-composer/config goes on working.
WORKDIR /opt/xtm-composer
COPY config/default.yaml config/default.yaml
# Root, as in XTM Composer's image: the Docker socket and key files of mode 0600 belong to it.
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.MANAGER__HTTP__PORT || 8080}/health/live`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "/opt/cadenza/dist/worker/main.js"]

# What the sandbox's connectors run; only for a trial.
FROM busybox:1.37-musl AS demo-connector
COPY --chmod=755 sandbox/image/connector.sh /connector.sh
CMD ["/connector.sh"]

# `docker build .` makes the worker.
FROM worker
