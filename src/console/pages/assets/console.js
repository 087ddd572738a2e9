// The pages work without it. It keeps the home page up to date, draws the charts and copies values.
'use strict'

/** As often as the service lets browsers come back after an interruption. */
const LISTEN_AGAIN_MS = 3_000

const chart = document.getElementById('chart')
let plots = []

const hours = (_plot, splits) => splits.map((seconds) => new Date(seconds * 1000).toISOString().slice(11, 16))

function draw() {
  const data = JSON.parse(chart.dataset.chart)
  for (const plot of plots) plot.destroy()
  plots = [...chart.querySelectorAll('.chart')].map((place) => {
    const day = Date.now() / 1000
    return new window.uPlot(
      {
        width: place.clientWidth,
        height: place.clientHeight,
        legend: { show: false },
        cursor: { show: false },
        tzDate: (seconds) => window.uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
        scales: {
          x: { range: [day - 86_400, day] },
          y: { range: (_plot, _low, high) => [0, Math.max(10, high * 1.1)] },
        },
        axes: [
          { stroke: '#5c5c5c', values: hours },
          { stroke: '#5c5c5c', size: 60 },
        ],
        series: [
          {},
          {
            stroke: '#0b5cab',
            fill: 'rgba(11, 92, 171, 0.15)',
            width: 2,
            points: { show: data[0].length < 60 },
          },
        ],
      },
      [data[0], data[Number(place.dataset.series)]],
      place,
    )
  })
}

/** What somebody is reading with the keyboard is not taken away under them. */
function replace(id, html) {
  const place = document.getElementById(id)
  if (place === null || place.contains(document.activeElement)) return
  place.innerHTML = html
}

function listen() {
  const events = new EventSource('/events')
  events.addEventListener('message', ({ data }) => {
    for (const [id, html] of Object.entries(JSON.parse(data))) {
      if (id === 'chart') {
        chart.dataset.chart = html
        draw()
      } else replace(id, html)
    }
    const can = document.querySelector('[data-can]')?.dataset.can
    for (const form of document.querySelectorAll('[data-when]')) form.hidden = form.dataset.when !== can
  })
  // An interruption the browser mends by itself; a refusal is for good.
  events.addEventListener('error', () => {
    if (events.readyState === EventSource.CLOSED) void afterRefusal()
  })
}

/** Only an ended session is a reason to leave the page: a restart behind a proxy and a service that has too many pages open pass. */
async function afterRefusal() {
  const answer = await fetch('/', { method: 'HEAD' }).catch(() => undefined)
  if (answer?.status === 401) window.location.assign('/login?ended=1')
  else setTimeout(listen, LISTEN_AGAIN_MS)
}

if (chart !== null) {
  draw()
  listen()
  window.addEventListener('resize', draw)
}

for (const button of document.querySelectorAll('[data-copy]')) {
  button.hidden = false
  button.addEventListener('click', () => {
    const copied = navigator.clipboard.writeText(
      document.getElementById(button.dataset.copy).textContent.trim(),
    )
    copied.then(
      () => (button.querySelector('[role=status]').textContent = 'Copied'),
      () => (button.querySelector('[role=status]').textContent = 'Select the text and copy it'),
    )
  })
}
