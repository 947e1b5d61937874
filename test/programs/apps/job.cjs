/** No server: it does its work and ends. */
console.log('worked', process.argv.slice(2), require.main === module)
process.on('beforeExit', () => console.log('beforeExit'))
process.on('exit', code => console.log('exit', code))
setTimeout(() => {
  process.exitCode = 9
}, 50)
