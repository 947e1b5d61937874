// Prints what holds in the working directory, or why nothing does. The package is found from the first argument.
const { resolveConfig } = await import(process.argv[2])
try {
  const { config, file } = await resolveConfig()
  console.log(JSON.stringify({ config, file }))
} catch (error) {
  console.log(JSON.stringify({ code: error.code, message: error.message }))
}
