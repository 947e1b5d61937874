/** The one framework that was asked for, or all; throws where there is none of this name. */
export function chosenFrameworks(framework: string | undefined): string[]
