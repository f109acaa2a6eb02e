// isomorphic-git on Node with Node's own agent, which hangs up after 5 silent seconds. Shows what a program would have to show.
const fs = require('fs')
const git = require('isomorphic-git')
const http = require('isomorphic-git/http/node')

const onAuth = () => ({ username: process.env.CLIENT_USER, password: process.env.CLIENT_TOKEN })
const onAuthFailure = () => ({ cancel: true })
const onMessage = text => process.stderr.write(`remote: ${text}\n`)
const common = { fs, http, onAuth, onAuthFailure, onMessage }

async function run([verb, ...given]) {
  switch (verb) {
    case 'version':
      console.log(`isomorphic-git ${git.version()} (Node ${process.versions.node})`)
      break
    case 'clone':
      await git.clone({ ...common, url: given[0], dir: given[1], ref: 'main' })
      break
    case 'fetch':
      await git.fetch({ ...common, dir: given[0], remote: 'origin' })
      break
    case 'push': {
      const result = await git.push({ ...common, dir: given[0], remote: 'origin', ref: 'main' })
      for (const [ref, status] of Object.entries(result.refs)) {
        if (!status.ok) throw new Error(`${ref}: ${status.error}`)
      }
      break
    }
    default:
      process.exit(2)
  }
}

run(process.argv.slice(2)).catch(error => {
  process.stderr.write(`${error.name}: ${error.message}\n`)
  process.exitCode = 1
})
