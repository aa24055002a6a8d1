#!/bin/sh
# Install Reelgate from this folder, bring its database up to date and (re)start it under PM2.
#   deploy/pm2/deploy.sh            deploy      deploy/pm2/deploy.sh status|logs|restart|stop
set -eu
cd "$(dirname "$0")/../.."
config=deploy/pm2/ecosystem.config.cjs

if ! command -v pm2 >/dev/null; then
    echo "Stopped: pm2 is not on the PATH. Install it with: npm install --global pm2" >&2
    exit 1
fi
case "${1:-deploy}" in
    deploy)
        MAKE_TARGET=pm2-deploy PYTHON="${PYTHON:-}" ./tools/setup.sh runtime
        echo "==> Bringing the database up to date"
        .venv/bin/reelgate db upgrade
        echo "==> Starting under PM2"
        pm2 startOrRestart "$config" --update-env
        pm2 save
        ;;
    status) pm2 status ;;
    logs) pm2 logs reelgate --lines 200 ;;
    restart) pm2 restart "$config" --update-env ;;
    stop) pm2 delete "$config" ;;
    *)
        echo "usage: deploy/pm2/deploy.sh [deploy|status|logs|restart|stop]" >&2
        exit 2
        ;;
esac
