const { mkdirSync } = require('node:fs')
const { join } = require('node:path')
const { tmpdir } = require('node:os')

// The directory is all that the processes have in common. Memory is the place for it, where there is /dev/shm.
const directory = process.env.PROMETHEUS_MULTIPROC_DIR || join(tmpdir(), 'promherd-pm2')
mkdirSync(directory, { recursive: true, mode: 0o700 })
const env = { PROMETHEUS_MULTIPROC_DIR: directory }

module.exports = {
  apps: [
    { name: 'app', script: 'app.js', cwd: __dirname, exec_mode: 'cluster', instances: 2, env },
    { name: 'metrics', script: 'metrics.js', cwd: __dirname, exec_mode: 'fork', env },
  ],
}
