const { mkdirSync } = require('node:fs')
const { join } = require('node:path')
const { tmpdir } = require('node:os')

// The processes share only this directory. It should be in memory: /dev/shm, if the system has it.
const directory = process.env.PROMETHEUS_MULTIPROC_DIR || join(tmpdir(), 'promherd-pm2')
mkdirSync(directory, { recursive: true, mode: 0o700 })
const env = { PROMETHEUS_MULTIPROC_DIR: directory }

module.exports = {
  apps: [
    { name: 'app', script: 'app.js', cwd: __dirname, exec_mode: 'cluster', instances: 2, env },
    { name: 'metrics', script: 'metrics.js', cwd: __dirname, exec_mode: 'fork', env },
  ],
}
