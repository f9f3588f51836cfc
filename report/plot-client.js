/* global document, getComputedStyle, matchMedia, ResizeObserver, window, uPlot, devicePixelRatio */
// Runs in the reader's browser: draws each plot from the JSON beside it, again when the colours or the width change.
(() => {
  const plots = [...document.querySelectorAll('.plot')].map((holder) => ({
    holder,
    data: JSON.parse(holder.querySelector('script').textContent),
    drawn: undefined,
  }));

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const short = (value) => {
    const size = Math.abs(value);
    if (size >= 1e9) return `${+(value / 1e9).toPrecision(3)}B`;
    if (size >= 1e6) return `${+(value / 1e6).toPrecision(3)}M`;
    if (size >= 1e3) return `${+(value / 1e3).toPrecision(3)}k`;
    return `${+value.toPrecision(3)}`;
  };
  const utc = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ');
  const names = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

  /** Days where the marks are days apart, else hours and minutes with the day at its first mark. */
  function timeMarks(_plot, marks, _axis, _space, step) {
    return marks.map((seconds, index) => {
      const at = new Date(seconds * 1000);
      const day = `${names[at.getUTCDay()]} ${at.getUTCDate()}`;
      if (step >= 86400) return day;
      const clock = at.toISOString().slice(11, 16);
      const newDay = index === 0 || clock === '00:00';
      return newDay ? `${clock}\n${day}` : clock;
    });
  }

  function shadeWindows(plot, windows) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.fillStyle = colour('theft');
    for (const { from, to } of windows) {
      const left = Math.max(bbox.left, plot.valToPos(from / 1000, 'x', true));
      const right = Math.min(bbox.left + bbox.width, plot.valToPos(to / 1000, 'x', true));
      if (right > left) ctx.fillRect(left, bbox.top, Math.max(right - left, 2 * devicePixelRatio), bbox.height);
    }
    ctx.restore();
  }

  /** Numbered flags in the room above the plot; those too near to each other go up a row. */
  function drawMarkers(plot, markers, rows) {
    const { ctx, bbox } = plot;
    const size = 16 * devicePixelRatio;
    const ends = Array.from({ length: rows }, () => -Infinity);
    ctx.save();
    ctx.font = `700 ${10.5 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.textAlign = 'center';
    ctx.textBaseline = 'middle';
    markers.forEach(({ at, tone }, index) => {
      const x = Math.round(plot.valToPos(at / 1000, 'x', true));
      if (x < bbox.left || x > bbox.left + bbox.width) return;
      const free = ends.findIndex((end) => x - size / 2 > end);
      const row = free === -1 ? rows - 1 : free;
      ends[row] = x + size / 2 + 2 * devicePixelRatio;
      const y = bbox.top - size * (row + 0.6) - row * 2 * devicePixelRatio;
      ctx.strokeStyle = colour(tone === 'plain' ? 'soft' : tone);
      ctx.lineWidth = devicePixelRatio;
      ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
      ctx.beginPath();
      ctx.moveTo(x, y + size / 2);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      ctx.setLineDash([]);
      ctx.fillStyle = colour('ground');
      ctx.beginPath();
      ctx.arc(x, y, size / 2, 0, 2 * Math.PI);
      ctx.fill();
      ctx.stroke();
      ctx.fillStyle = ctx.strokeStyle;
      ctx.fillText(String(index + 1), x, y + 0.5 * devicePixelRatio);
    });
    ctx.restore();
  }

  function rowsFor(markers, from, to, width) {
    const ends = [];
    for (const { at } of markers) {
      const x = ((at / 1000 - from) / (to - from || 1)) * (width - 70);
      const free = ends.findIndex((end) => x - 8 > end);
      ends[free === -1 ? ends.length : free] = x + 10;
    }
    return Math.min(6, ends.length);
  }

  function draw(entry) {
    const { holder, data } = entry;
    const width = Math.floor(holder.clientWidth);
    if (width === 0) return;
    entry.drawn?.destroy();
    holder.querySelector('.readout')?.remove();
    const readout = document.createElement('div');
    readout.className = 'readout';
    const rows = rowsFor(data.markers, data.at[0], data.at[data.at.length - 1], width);
    const days = data.at[data.at.length - 1] - data.at[0] > 3 * 86400;
    const money = data.unit === 'USD';
    const amount = (value) => (value === null || value === undefined ? 'none' : `${money ? '$' : ''}${short(value)}`);
    const axis = {
      stroke: colour('soft'),
      grid: { stroke: colour('grid'), width: 1 },
      ticks: { stroke: colour('grid'), width: 1 },
      font: '12px system-ui, sans-serif',
    };
    const line = (name, thickness, more) => ({ stroke: colour(name), width: thickness, points: { show: false }, spanGaps: false, ...more });
    entry.drawn = new uPlot(
      {
        width,
        height: 250 + rows * 18,
        padding: [8 + rows * 18, 12, 0, 0],
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
        legend: { show: false },
        cursor: { y: false, drag: { x: true, y: false } },
        scales: { x: { time: true }, y: { range: (_plot, _least, most) => [0, (data.ceiling ?? (most || 1)) * 1.06] } },
        axes: [
          {
            ...axis,
            values: timeMarks,
            space: 64,
            size: days ? 30 : 46,
            ...(days ? { incrs: [1, 2, 7, 14, 28].map((count) => count * 86400) } : {}),
          },
          { ...axis, size: 58, values: (_plot, marks) => marks.map(amount) },
        ],
        series: [
          {},
          line('band', 0),
          line('band', 0),
          line('typical', 1.25, { dash: [5, 4] }),
          line('peak', 1, { show: data.merged > 1 }),
          line('observed', data.merged > 1 ? 1 : 1.5),
        ],
        bands: [{ series: [2, 1], fill: colour('band') }],
        hooks: {
          drawAxes: [(plot) => shadeWindows(plot, data.windows)],
          draw: [(plot) => drawMarkers(plot, data.markers, rows)],
          setCursor: [
            ({ cursor: { idx } }) => {
              if (idx === null || idx === undefined) return;
              const range = `${amount(data.low[idx])} to ${amount(data.high[idx])}`;
              readout.textContent = `${utc(data.at[idx])} UTC: ${amount(data.observed[idx])} ${data.unit} a minute, expected ${range}`;
            },
          ],
        },
      },
      [data.at, data.low, data.high, data.typical, data.peak, data.observed],
      holder,
    );
    holder.append(readout);
    entry.width = width;
  }

  const drawAll = () => plots.forEach(draw);
  drawAll();
  new ResizeObserver(() => plots.filter((entry) => Math.floor(entry.holder.clientWidth) !== entry.width).forEach(draw)).observe(
    document.body,
  );
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
  // On paper the plots are light and as wide as the sheet: a canvas does not follow the style sheet by itself.
  window.addEventListener('beforeprint', () => {
    document.documentElement.classList.add('paper');
    drawAll();
  });
  window.addEventListener('afterprint', () => {
    document.documentElement.classList.remove('paper');
    drawAll();
  });
})();
