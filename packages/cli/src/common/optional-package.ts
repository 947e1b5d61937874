import { Failure } from './failure.ts'

/**
 * Imports a package that users install only if they need it.
 * @param purpose what needs it, such as `--otlp`
 * @throws Failure if it is not installed
 */
export async function importOptional<Module>(
  name: string,
  purpose: string,
  load: () => Promise<Module>,
): Promise<Module> {
  try {
    return await load()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    // A package that is installed may lack one of its own dependencies, which the error names instead.
    if (code !== 'ERR_MODULE_NOT_FOUND' || !message.includes(`'${name}'`)) throw error
    throw new Failure(`Expected ${name} to be installed for ${purpose}, but it is not. Run \`npm install ${name}\`.`)
  }
}
