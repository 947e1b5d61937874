// Prints what holds in each of the directories, one line each, or why nothing does. The package is the first argument.
const [core, ...directories] = process.argv.slice(2)
const { resolveConfig } = await import(core)
for (const directory of directories) {
  process.chdir(directory)
  try {
    const { config, file } = await resolveConfig()
    console.log(JSON.stringify({ config, file }))
  } catch (error) {
    console.log(JSON.stringify({ code: error.code, message: error.message }))
  }
}
