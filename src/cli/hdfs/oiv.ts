// hdfs oiv: an image of the namespace as XML, as a table, or as counts of file sizes. Apache: OfflineImageViewerPB.
import { HdfsError, messageOf, ProtocolError } from '../../base/errors.ts';
import { ImageSections } from '../../format/fsimage/image-sections.ts';
import { writeDelimited } from '../../format/fsimage/views/delimited.ts';
import { writeFileDistribution } from '../../format/fsimage/views/file-distribution.ts';
import { writeImageXml } from '../../format/fsimage/views/xml.ts';
import type { Host } from '../../host/host.ts';
import { absolutePath } from '../paths.ts';
import { formatMinute, type Terminal } from '../terminal.ts';
import { VERSION } from '../version.ts';
import { OutputFile } from './output-file.ts';

const USAGE = `Usage: hdfs oiv [OPTIONS] -i INPUT_FILE -o OUTPUT_FILE
Shows an image of the namespace without a NameNode.
 -i,--inputFile FILE    the image
 -o,--outputFile FILE   what to write; an existing file is overwritten. Without it: the screen
 -p,--processor NAME    XML: everything that stands in the image
                        Delimited: a line for each file and directory
                        FileDistribution: how many files have which size
                        (Web, ReverseXML and DetectCorruption are not built yet)
 -maxSize BYTES         FileDistribution: largest size of its own step (128 GiB)
 -step BYTES            FileDistribution: bytes of a step (2 MiB)
 -format                FileDistribution: sizes with units
 -delimiter TEXT        Delimited: what stands between two fields (a tab)
 -sp                    Delimited: with storage policies
 -ec                    Delimited: with erasure coding policies
 -t,--temp DIR          taken and not needed
 -m,--multiThread N     taken and not needed
 -h,--help              this text
`;

/** What Hadoop's tools end with after an error: -1 as a process tells it. */
const FAILED = 255;

const WITH_VALUE: Readonly<Record<string, string>> = {
  '-i': 'input',
  '--inputFile': 'input',
  '-o': 'output',
  '--outputFile': 'output',
  '-p': 'processor',
  '--processor': 'processor',
  '-maxSize': 'maxSize',
  '-step': 'step',
  '-addr': 'addr',
  '-delimiter': 'delimiter',
  '-t': 'temp',
  '--temp': 'temp',
  '-m': 'threads',
  '--multiThread': 'threads',
};
const FLAGS: Readonly<Record<string, string>> = {
  '-format': 'format',
  '-sp': 'sp',
  '-ec': 'ec',
  '-h': 'help',
  '--help': 'help',
};

interface Options {
  readonly values: ReadonlyMap<string, string>;
  readonly flags: ReadonlySet<string>;
}

/** Throws HdfsError EINVAL. */
function parse(argv: readonly string[]): Options {
  const values = new Map<string, string>();
  const flags = new Set<string>();
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? '';
    const [name = '', inline] = word.startsWith('--') ? word.split(/=(.*)/s) : [word];
    const key = WITH_VALUE[name];
    const flag = FLAGS[name];
    if (key !== undefined) {
      const value = inline ?? argv[++at];
      if (value === undefined) throw new HdfsError('EINVAL', `Missing argument for option: ${name.replace(/^-+/, '')}`);
      values.set(key, value);
    } else if (flag !== undefined) flags.add(flag);
    else throw new HdfsError('EINVAL', `Unrecognized option: ${word}`);
  }
  if (!flags.has('help') && !values.has('input')) throw new HdfsError('EINVAL', 'Missing required option: i');
  return { values, flags };
}

type View = (image: ImageSections, sink: OutputFile, options: Options, terminal: Terminal) => Promise<void>;

const VIEWS: Readonly<Record<string, View>> = {
  XML: (image, sink) => writeImageXml(image, sink, `tuskfs-${VERSION}`),
  FILEDISTRIBUTION: (image, sink, { values, flags }) =>
    writeFileDistribution(image, sink, {
      maxSize: wholeNumber(values, 'maxSize'),
      step: wholeNumber(values, 'step'),
      format: flags.has('format'),
    }),
  DELIMITED: (image, sink, { values, flags }, terminal) =>
    writeDelimited(image, sink, {
      delimiter: values.get('delimiter') ?? '\t',
      storagePolicy: flags.has('sp'),
      erasureCodingPolicy: flags.has('ec'),
      formatTime: (ms) => formatMinute(terminal.localTime(ms)),
    }),
};

const NOT_YET: readonly string[] = ['WEB', 'REVERSEXML', 'DETECTCORRUPTION'];

function wholeNumber(values: ReadonlyMap<string, string>, name: string): number {
  const text = values.get(name) ?? '0';
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw new HdfsError('EINVAL', `-${name} ${text} is no whole number`);
  return value;
}

export async function runOiv(host: Host, terminal: Terminal, argv: readonly string[]): Promise<number> {
  const { stdout, stderr } = terminal;
  let options: Options;
  try {
    options = parse(argv.length === 0 ? ['-h'] : argv);
  } catch (error) {
    if (!(error instanceof HdfsError)) throw error;
    stdout.write(`Error parsing command-line options: ${error.message}\n${USAGE}`);
    return FAILED;
  }
  if (options.flags.has('help')) {
    stdout.write(USAGE);
    return argv.length > 1 ? FAILED : 0;
  }
  const processor = options.values.get('processor') ?? 'Web';
  const view = VIEWS[processor.toUpperCase()];
  if (view === undefined) {
    const isKnown = NOT_YET.includes(processor.toUpperCase());
    stderr.write(isKnown ? `The processor ${processor} is not built yet\n` : `Invalid processor specified : ${processor}\n`);
    if (!isKnown) stdout.write(USAGE);
    return FAILED;
  }
  try {
    await show(host, terminal, options, view);
    return 0;
  } catch (error) {
    const isDisk = error instanceof Error && error.name === 'DiskError';
    if (!(error instanceof HdfsError || error instanceof ProtocolError || isDisk)) throw error;
    stderr.write(`Encountered exception.  Exiting: ${messageOf(error)}\n`);
    return FAILED;
  }
}

async function show(host: Host, terminal: Terminal, options: Options, view: View): Promise<void> {
  const path = absolutePath(options.values.get('input') ?? '', terminal.cwd);
  const file = await host.disk.open(path, 'r');
  try {
    const image = await ImageSections.read(file, (await file.stat()).size);
    const name = options.values.get('output') ?? '-';
    const sink =
      name === '-'
        ? new OutputFile(undefined, terminal)
        : new OutputFile(await host.disk.open(absolutePath(name, terminal.cwd), 'w'), undefined);
    try {
      await view(image, sink, options, terminal);
    } finally {
      await sink.close();
    }
  } finally {
    await file.close();
  }
}
