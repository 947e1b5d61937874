import { styleText } from 'node:util'

/** The output of the demo: a picture that is redrawn on a terminal that is large enough, else single lines. */

const LINE_EVERY_SECONDS = 5
const BAR_WIDTH = 30
const SPARKS = [...'▁▂▃▄▅▆▇█']

/** Shows the progress on `out`: `show` draws the state at each tick, `end` keeps the last picture. */
export function createScreen(out, { framework, workers, connections, seconds, url }) {
  const isPicture = out.isTTY && out.columns >= 80 && out.rows >= 24
  const colour = isPicture && !process.env.NO_COLOR
  const paint = (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text)
  const title = `promherd demo: ${framework}, ${count(workers, 'worker')}, ${connections} connections`
  let drawn = 0
  let shownAt = Number.NEGATIVE_INFINITY

  function picture(state) {
    const until = seconds === undefined ? 'Ctrl-C ends it' : `of ${seconds} s`
    return [
      `${paint('bold', title)}   ${Math.round(state.elapsed)} s ${paint('dim', until)}`,
      `metrics ${url}/metrics   page ${paint('cyan', `${url}/`)}`,
      '',
      `${paint('bold', number(state.rate).padStart(7))} requests/s   p99 ${milliseconds(state.p99)}   ${spark(state.rates)}`,
      `${paint('bold', number(state.counted).padStart(7))} counted`,
      '',
      ...state.workers.map(worker => row(worker)),
      '',
      ...state.events.slice(-6).map(event => paint(event.bad ? 'red' : 'green', `  ${event.text}`)),
    ]
  }

  function row({ worker, pid, share }) {
    const bar = '█'.repeat(Math.round(share * BAR_WIDTH)).padEnd(BAR_WIDTH, '░')
    const state = pid === undefined ? 'being replaced' : `pid ${pid}`
    return `  worker ${worker}  ${state.padEnd(15)} ${paint('cyan', bar)} ${percent(share)}`
  }

  function draw(lines) {
    if (drawn > 0) out.write(`\x1b[${drawn}F\x1b[J`)
    out.write(`${lines.join('\n')}\n`)
    drawn = lines.length
  }

  function writeLine(state) {
    if (shownAt === Number.NEGATIVE_INFINITY) out.write(`${title}\nmetrics ${url}/metrics   page ${url}/\n`)
    shownAt = state.elapsed
    const shares = state.workers.map(({ share }) => percent(share)).join(' ')
    const time = `${Math.round(state.elapsed)} s`.padStart(6)
    out.write(
      `${time}  ${number(state.rate)} requests/s  p99 ${milliseconds(state.p99)}  workers ${shares}  counted ${number(state.counted)}\n`,
    )
  }

  return {
    show(state) {
      if (isPicture) draw(picture(state))
      else if (state.elapsed - shownAt >= Math.min(LINE_EVERY_SECONDS, (seconds ?? 60) / 4)) writeLine(state)
    },
    /** Shows an event: as a part of the picture on a terminal, else as a line. */
    tell(event) {
      if (!isPicture) out.write(`        ${event.text}\n`)
    },
    say: text => out.write(`${text}\n`),
  }
}

export function number(value) {
  return Math.round(value).toLocaleString('en-US')
}

export function count(amount, noun) {
  return `${number(amount)} ${noun}${amount === 1 ? '' : 's'}`
}

function percent(share) {
  return `${Math.round(share * 100)} %`.padStart(5)
}

function milliseconds(seconds) {
  if (seconds === undefined) return '-'
  const ms = seconds * 1000
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
}

function spark(rates) {
  const most = Math.max(1, ...rates)
  return rates.map(rate => SPARKS[Math.min(7, Math.floor((rate / most) * 8))]).join('')
}
