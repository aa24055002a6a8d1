// Reelgate under PM2: `make pm2-deploy`, or `pm2 start deploy/pm2/ecosystem.config.cjs` after `make install`.
// Reelgate is one process by itself; several of them need PostgreSQL (see docs/guides/deploy.md).
const path = require("node:path");

const root = path.resolve(__dirname, "..", "..");
const data = process.env.REELGATE_DATA || path.join(root, "reelgate-data");

module.exports = {
  apps: [
    {
      name: "reelgate",
      cwd: root,
      script: path.join(root, ".venv", "bin", "reelgate"),
      args: ["serve"],
      interpreter: "none",
      exec_mode: "fork",
      instances: 1,
      // The way out for work under way is SIGTERM's, and takes up to 25 s.
      kill_timeout: 40000,
      shutdown_with_message: false,
      max_restarts: 20,
      exp_backoff_restart_delay: 200,
      merge_logs: true,
      time: false,
      env: {
        REELGATE_DATA: data,
        REELGATE_PORT: process.env.REELGATE_PORT || "8080",
      },
    },
  ],
};
