# Debian, because the PostgreSQL that comes along needs glibc. One image for all parts; the command says which one runs.
FROM node:22-bookworm-slim

ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    TRIBUTARY_DATA=/data

WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev && npm cache clean --force
COPY . .

# The program belongs to root and cannot change itself; only the data belongs to the user that runs it.
RUN install --directory --owner=node --group=node --mode=0700 /data
USER node
VOLUME /data
EXPOSE 4180

HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 4180}/api/health`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]

# Without DATABASE_URL: all parts in one process, with the PostgreSQL that comes along in /data.
CMD ["node", "cli/bin.mjs", "up"]
