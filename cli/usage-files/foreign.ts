import { fieldOf, textOf } from './json.ts';

/** A format that is known, not read, and can be converted. */
export interface Foreign {
  /** `a Grafana export`. */
  readonly what: string;
  /** What else the reader must know. */
  readonly note?: string;
  /** Reads the file on standard input and writes plain CSV; absent where another question to the source is the only way. */
  readonly convert?: string;
}

// Whoever runs keyguard has Node. Blanks stand only where a line break does no harm: a terminal may wrap there.
const node = (script: string): string => `node -e '${script}'`;
const lines = 'require("fs").readFileSync(0,"utf8").trim().split(/\\r?\\n/)';
const json = 'JSON.parse(require("fs").readFileSync(0,"utf8"))';
const fields = 'f=l=>l.match(/"(?:[^"]|"")*"|[^,"]+|(?<=^|,)(?=,|$)/g).map(s=>s.replace(/^"|"$/g,""))';
const titles = 'console.log(["timestamp",...h.slice(1).map(n=>JSON.stringify(n))].join());';
const totals = 'console.log("timestamp,"+m);for(const[t,v]of Object.entries(s).sort())console.log(t+","+v)';
const yourZone = 'put the time zone of its times in the place of Europe/Berlin';

const grafana: Foreign = {
  what: 'a CSV export of Grafana, with times of the browser’s zone and numbers rounded for people',
  note: `better export it again, with "Formatted data" off and the dashboard in UTC; else ${yourZone}`,
  convert: `TZ=Europe/Berlin ${node(
    `const u={K:1e3,Mil:1e6,Bil:1e9},${fields},[h,...r]=${lines}.filter(l=>!/^sep=/.test(l)).map(f);${titles}` +
      'for(const[t,...v]of r)console.log([new Date(/^\\d+$/.test(t)?+t:t).toISOString(),' +
      '...v.map(x=>{const[n,s]=x.split(" ");return n===""?"":n*(u[s]??1)})].join())',
  )}`,
};

const bill: Foreign = {
  what: 'an AWS bill (Cost and Usage Report or FOCUS)',
  note: 'a bill is by the hour or the day, so that a theft shows late; this adds up the cost of the lines that name Claude',
  convert: node(
    `const m="cost_usd",s={},${fields},[h,...r]=${lines}.map(f),c=p=>h.findIndex(n=>p.test(n)),` +
      'a=c(/usage_?start_?date$|ChargePeriodStart/i),b=c(/unblended_?cost$|BilledCost/i);' +
      `for(const l of r)if(/claude|anthropic/i.test(l.join()))s[l[a]]=(s[l[a]]??0)+ +l[b];${totals}`,
  ),
};

const openRouter: Foreign = {
  what: 'an activity export of OpenRouter',
  note: 'it has days only, which are too coarse to find a theft in',
  convert: node(
    `const m="input_tokens,output_tokens",s={},${fields},[h,...r]=${lines}.map(f),a=(l,n)=>+l[h.indexOf(n)];` +
      `for(const l of r){const t=l[h.indexOf("Date")],b=s[t]??[0,0];s[t]=[b[0]+a(l,"Prompt Tokens"),b[1]+a(l,"Completion Tokens")]}${totals}`,
  ),
};

const prometheus: Foreign = {
  what: 'an answer of Prometheus (query_range)',
  note: 'of a counter ask for increase(NAME[5m]) with a step of 5m, since its own values only grow; this adds up all series of the answer',
  convert: node(
    `const m="value",s={};for(const{value,values}of ${json}.data.result)for(const[t,v]of values??[value])` +
      `{const k=new Date(t*1e3).toISOString();s[k]=(s[k]??0)+ +v}${totals}`,
  ),
};

const separated = (what: string, separator: string): Foreign => ({
  what,
  note: `times are taken for local ones, day before month: ${yourZone}`,
  convert: `TZ=Europe/Berlin ${node(
    `const[h,...r]=${lines}.filter(l=>!/^sep=/.test(l)).map(l=>l.split("${separator}").map(s=>s.replace(/^"|"$/g,"")));${titles}` +
      'for(const[t,...v]of r)console.log([new Date(t.replace(/^(\\d+)\\.(\\d+)\\.(\\d{4})/,"$3-$2-$1")).toISOString(),' +
      '...v.map(x=>/,/.test(x)||/^\\d{1,3}(\\.\\d{3})+$/.test(x)?x.replaceAll(".","").replace(",","."):x)].join())',
  )}`,
});

const statistics: Foreign = {
  what: 'an answer of CloudWatch to get-metric-statistics',
  convert: node(`const m="value",s={};for(const p of ${json}.Datapoints)s[p.Timestamp]=p.Sum;${totals}`),
};

const costReport: Foreign = {
  what: 'Anthropic’s cost report, which has days only and no API keys',
  note: 'ask for the usage report instead: docs/backtest.md has the command',
};

const openAi: Foreign = {
  what: 'a usage page of OpenAI',
  convert: node(
    `const m="input_tokens,output_tokens",s={};for(const b of ${json}.data){const t=new Date(b.start_time*1e3).toISOString();` +
      `for(const r of b.results){const o=s[t]??[0,0];s[t]=[o[0]+(r.input_tokens??0),o[1]+(r.output_tokens??0)]}}${totals}`,
  ),
};

/** Told by the first bytes or the first text. */
export function foreignText(head: Buffer, text: string): Foreign | undefined {
  const magic = head.toString('latin1');
  if (magic.startsWith('PK\u0003\u0004') || magic.startsWith('\u00d0\u00cf\u0011\u00e0')) {
    return {
      what: 'a workbook of a spreadsheet program or another archive',
      note: 'open it, save the sheet as "CSV UTF-8", and give that file',
    };
  }
  if (magic.startsWith('PAR1')) return { what: 'a Parquet file', note: 'export it as CSV, with the columns timestamp,value' };
  if (text.startsWith('<')) return { what: 'a web page or XML', note: 'often it is a sign-in page: ask again, and look at what comes' };
  if (/^(METRICDATARESULTS|MetricDataResults:|-+\r?\n\|\s+GetMetricData)/.test(text)) {
    return { what: 'an answer to GetMetricData as text, a table or YAML', note: 'ask again with --output json' };
  }
  // Before it is parsed: quotes are elsewhere in such a line than in CSV.
  const [firstLine = ''] = text.split(/[\r\n]/, 1);
  const [separator] = /^[{[]/.test(text) ? [] : (/[,;\t]/.exec(firstLine) ?? []);
  if (separator === ';') return separated('CSV with semicolons, as Excel writes it in many languages', ';');
  return separator === '\t' ? separated('a text with tabs', '\\t') : undefined;
}

/** Told by the header of a CSV file. */
export function foreignHeader(header: readonly string[]): Foreign | undefined {
  const [first = ''] = header;
  if (first === 'Time' || /^sep=/.test(first)) return grafana;
  if (header.some((field) => /^(lineItem\/|line_item_|identity\/|ChargePeriodStart$)/.test(field))) return bill;
  if (header.includes('Slug') && header.includes('Prompt Tokens')) return openRouter;
  return undefined;
}

/** Told by a document of JSON. */
export function foreignDocument(document: unknown): Foreign | undefined {
  if (Array.isArray(fieldOf(fieldOf(document, 'data'), 'result')) && fieldOf(document, 'status') !== undefined) return prometheus;
  if (Array.isArray(fieldOf(document, 'Datapoints'))) return statistics;
  if (fieldOf(document, 'type') === 'error' || fieldOf(document, 'error') !== undefined) {
    const type = textOf(fieldOf(document, 'error'), 'type') ?? 'error';
    return { what: `an error answer (${type})`, note: 'ask again, and look at what comes' };
  }
  const data = fieldOf(document, 'data');
  if (!Array.isArray(data)) return undefined;
  if (data.some((bucket) => fieldOf(bucket, 'object') === 'bucket')) return openAi;
  const holdsCost = (results: unknown): boolean =>
    Array.isArray(results) && results.some((result) => fieldOf(result, 'amount') !== undefined);
  return data.some((bucket) => holdsCost(fieldOf(bucket, 'results'))) ? costReport : undefined;
}
