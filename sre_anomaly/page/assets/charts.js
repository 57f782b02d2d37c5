"use strict";
// Every chart shows the same stretch of time; a drag, a key, a pinch or a card's button moves them all.
(() => {
  const place = document.getElementById("charts");
  const data = JSON.parse(document.getElementById("chart-data").textContent);
  const DAY = 86400, first = data.start, last = data.start + (data.rows - 1) * data.step;
  const least = 10 * data.step;
  const home = data.shown || [first, last];
  let [from, to] = home;
  const plots = [];
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const date = (seconds) => uPlot.tzDate(new Date(seconds * 1e3), data.zone);
  const two = (n) => String(n).padStart(2, "0");
  const clock = (seconds) => { const t = date(seconds); return `${two(t.getHours())}:${two(t.getMinutes())}` + (data.step < 60 ? `:${two(t.getSeconds())}` : ""); };
  const day = (seconds) => { const t = date(seconds); return `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())}`; };
  const short = (v) => v == null ? "no value" : Math.abs(v) >= 1000 ? Math.round(v).toLocaleString("en-US") : String(+v.toPrecision(3));

  const unpack = (line) => {
    const raw = atob(line.data), bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
    const all = new Float32Array(bytes.buffer), n = line.points, columns = [];
    for (let c = 0; c < line.columns; c++) columns.push(Array.from(all.subarray(c * n, (c + 1) * n), (v) => (Number.isFinite(v) ? v : null)));
    columns[0] = columns[0].map((row) => first + row * data.step);
    return columns;
  };

  const marks = (plot, line) => {
    const ctx = plot.ctx, { left, top, width, height } = plot.bbox, px = devicePixelRatio;
    ctx.save();
    ctx.beginPath(); ctx.rect(left, top, width, height); ctx.clip();
    for (const mark of data.marks) {
      if (mark.end < from || mark.start > to) continue;
      const own = !mark.chart || mark.chart === line.name;
      const x = plot.valToPos(mark.start, "x", true), wide = Math.max(2 * px, plot.valToPos(mark.end, "x", true) - x);
      if (mark.kind === "training") { ctx.globalAlpha = .5; ctx.fillStyle = colour("--soft"); ctx.fillRect(x, top, wide, height); }
      else if (mark.kind === "incident") { ctx.globalAlpha = 1; ctx.fillStyle = colour("--incident"); ctx.fillRect(x, top, wide, height); }
      else if (mark.kind === "event") { ctx.globalAlpha = 1; ctx.fillStyle = colour("--line"); ctx.fillRect(x, top, wide, height); }
      else { ctx.globalAlpha = own ? 1 : .3; ctx.fillStyle = colour("--alertfill"); ctx.fillRect(x, top, wide, height); ctx.fillStyle = colour("--alert"); ctx.fillRect(x, top, wide, own ? 4 * px : 2 * px); }
    }
    ctx.restore();
  };

  const show = (a, b) => {
    const wide = Math.min(Math.max(b - a, least), last - first || least);
    from = Math.max(first, Math.min(a, last - wide)); to = from + wide;
    for (const plot of plots) plot.setScale("x", { min: from, max: to });
    document.getElementById("span").textContent = `${day(from)} ${clock(from)} to ${day(to)} ${clock(to)}`;
  };
  const zoom = (factor, middle = (from + to) / 2) => show(middle - (middle - from) * factor, middle + (to - middle) * factor);
  const move = (share) => show(from + share * (to - from), to + share * (to - from));

  const axisTimes = (plot, splits, _axis, _space, step) => splits.map((s, i) => {
    if (s == null) return "";
    const t = date(s), midnight = t.getHours() + t.getMinutes() === 0;
    if (step >= DAY) return `${two(t.getMonth() + 1)}-${two(t.getDate())}`;
    return midnight || i === 0 ? `${clock(s)}\n${two(t.getMonth() + 1)}-${two(t.getDate())}` : clock(s);
  });

  const options = (line, width, said) => {
    const series = [{}, { label: line.name, stroke: () => colour("--blue"), width: 1.3, points: { show: false }, spanGaps: false }];
    if (line.dashed) series.push({ stroke: () => colour("--alert"), width: 1.2, dash: [6, 4], points: { show: false } });
    else if (line.columns > 2) series.push(
      { stroke: () => colour("--dim"), width: 1, dash: [2, 3], points: { show: false } },
      { stroke: "transparent", width: 0, points: { show: false } }, { stroke: "transparent", width: 0, points: { show: false } });
    return {
      width, height: 150, series, tzDate: date, legend: { show: false },
      bands: line.columns > 3 ? [{ series: [4, 3], fill: () => colour("--band") }] : [],
      cursor: { sync: { key: "time", setSeries: false }, drag: { x: true, y: false, setScale: false }, points: { size: 6 } },
      scales: { x: { time: true }, y: { range: (plot) => yRange(plot, line) } },
      axes: [
        { stroke: () => colour("--dim"), grid: { stroke: () => colour("--line"), width: 1 }, ticks: { show: false }, values: axisTimes, size: 36 },
        { stroke: () => colour("--dim"), grid: { stroke: () => colour("--line"), width: 1 }, ticks: { show: false }, size: 56, values: (_p, splits) => splits.map((v) => v == null ? "" : Math.abs(v) >= 1e4 ? Intl.NumberFormat("en", { notation: "compact" }).format(v) : String(+v.toPrecision(6))) },
      ],
      hooks: {
        drawClear: [(plot) => marks(plot, line)],
        setSelect: [(plot) => { const { left, width } = plot.select; if (width > 4) { show(plot.posToVal(left, "x"), plot.posToVal(left + width, "x")); } plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false); }],
        setCursor: [(plot) => tell(plot, line, said)],
      },
    };
  };
  // The line itself decides how high the chart is; a band that is far wider than it is cut off.
  const yRange = (plot, line) => {
    const [i0, i1] = plot.series[0].idxs || [0, plot.data[0].length - 1];
    const ends = (column, skip) => { let low = Infinity, high = -Infinity; for (let i = i0; i <= i1; i++) { const v = column[i]; if (v != null) { if (v < low) low = v; if (v > high) high = v; } } return [low, high]; };
    let [low, high] = ends(plot.data[1]);
    if (low > high) return [0, 1];
    const room = (high - low) || Math.abs(high) * .1 || 1;
    if (line.columns > 3) { const b0 = ends(plot.data[3])[0], b1 = ends(plot.data[4])[1]; if (b0 < low) low = Math.max(b0, low - .5 * room); if (b1 > high) high = Math.min(b1, high + .5 * room); }
    else if (line.dashed) { const t = ends(plot.data[2])[1]; if (t > high) high = t; }
    const edge = .06 * (high - low || 1);
    return [low >= 0 && low - edge < 0 ? 0 : low - edge, high + edge];
  };
  const tell = (plot, line, said) => {
    const i = plot.cursor.idx;
    if (i == null) { said.textContent = ""; return; }
    const d = plot.data, unit = line.unit ? " " + line.unit : "";
    let text = `${day(d[0][i])} ${clock(d[0][i])}: ${short(d[1][i])}${d[1][i] == null ? "" : unit}`;
    if (line.dashed && d[2][i] != null) text += `, threshold ${short(d[2][i])}`;
    else if (line.columns > 3 && d[2][i] != null) text += `, expected ${short(d[2][i])} (${short(d[3][i])} to ${short(d[4][i])})${unit}`;
    said.textContent = text;
  };

  const touch = (element) => {
    const fingers = new Map();
    let before = null;
    const spread = () => { const p = [...fingers.values()]; return p.length < 2 ? null : { middle: (p[0] + p[1]) / 2, wide: Math.max(10, Math.abs(p[0] - p[1])) }; };
    element.addEventListener("pointerdown", (e) => { if (e.pointerType === "touch") { fingers.set(e.pointerId, e.clientX); before = spread(); } });
    const lift = (e) => { fingers.delete(e.pointerId); before = spread(); };
    element.addEventListener("pointerup", lift); element.addEventListener("pointercancel", lift);
    element.addEventListener("pointermove", (e) => {
      if (!fingers.has(e.pointerId)) return;
      const wide = element.clientWidth, moved = e.clientX - fingers.get(e.pointerId);
      fingers.set(e.pointerId, e.clientX);
      const now = spread();
      if (now && before) zoom(before.wide / now.wide, from + (to - from) * (now.middle - element.getBoundingClientRect().left) / wide);
      else if (!now) move(-moved / wide);
      before = now;
    });
  };

  const build = (holder, line) => {
    const said = holder.querySelector(".value");
    const width = () => Math.max(200, holder.clientWidth);
    const plot = new uPlot(options(line, width(), said), unpack(line), holder.querySelector(".plot"));
    plot.setScale("x", { min: from, max: to });
    plots.push(plot);
    plot.over.style.touchAction = "pan-y";
    touch(plot.over);
    plot.over.addEventListener("dblclick", () => show(...home));
    new ResizeObserver(() => { if (plot.width !== width()) plot.setSize({ width: width(), height: 150 }); }).observe(holder);
  };

  const watcher = new IntersectionObserver((seen) => {
    for (const one of seen) if (one.isIntersecting) { watcher.unobserve(one.target); build(one.target, data.lines[+one.target.dataset.line]); }
  }, { rootMargin: "300px" });
  data.lines.forEach((line, number) => {
    const holder = document.createElement("div");
    holder.className = "chart"; holder.tabIndex = 0; holder.dataset.line = number; holder.style.minHeight = "172px";
    holder.setAttribute("role", "group");
    holder.setAttribute("aria-label", `${line.name}: arrow keys move in time, plus and minus zoom, 0 shows all`);
    const said = document.createElement("div"), name = document.createElement("b"), value = document.createElement("span"), plot = document.createElement("div");
    said.className = "said"; name.textContent = line.name + (line.unit ? ` (${line.unit})` : ""); value.className = "value"; plot.className = "plot";
    said.append(name, value); holder.append(said, plot); place.append(holder);
    watcher.observe(holder);
  });

  const ends = { all: last - first, month: 30 * DAY, week: 7 * DAY, day: DAY, hour: 3600 };
  for (const button of document.querySelectorAll("[data-zoom]")) {
    if (ends[button.dataset.zoom] > last - first) button.hidden = true;
    button.addEventListener("click", () => {
      if (button.dataset.zoom === "all") return show(first, last);
      const wide = ends[button.dataset.zoom], middle = to >= last ? last - wide / 2 : (from + to) / 2;
      show(middle - wide / 2, middle + wide / 2);
    });
  }
  for (const button of document.querySelectorAll("[data-from]")) button.addEventListener("click", () => {
    place.previousElementSibling.scrollIntoView({ block: "start" });
    show(+button.dataset.from, +button.dataset.to);
  });
  place.addEventListener("keydown", (e) => {
    const act = { ArrowLeft: () => move(-.25), ArrowRight: () => move(.25), "+": () => zoom(.5), "=": () => zoom(.5), "-": () => zoom(2), 0: () => show(first, last) }[e.key];
    if (act) { e.preventDefault(); act(); }
  });
  place.addEventListener("wheel", (e) => { if (e.ctrlKey || e.metaKey) { e.preventDefault(); zoom(e.deltaY > 0 ? 1.25 : .8); } }, { passive: false });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plots.forEach((plot) => plot.redraw(false)));
  show(from, to);
  window.chartsShown = () => [from, to, plots.length];
})();
