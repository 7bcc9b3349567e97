// An image file as its sections: which there are, and a reader of each, unpacked where the image is compressed. The loader
// and the offline views go through it. Malformed files are ProtocolErrors.
import { messageOf, ProtocolError } from '../../base/errors.ts';
import { isReadableLayout, NAMENODE_LAYOUT_VERSION } from '../../core/edits/ops.ts';
import { StringTableSection, StringTableSection_Entry } from '../../wire/messages/fsimage.ts';
import { checkCodec, MAX_PACKED_SECTION_BYTES, unpackSection } from './compression.ts';
import { SectionReader } from './section-reader.ts';
import { type ImageSummary, type RandomAccess, readExactly, readSummary, type Section } from './sections.ts';
import { LoadedStrings } from './string-table.ts';

export class ImageSections {
  readonly summary: ImageSummary;
  private readonly file: RandomAccess;

  private constructor(file: RandomAccess, summary: ImageSummary) {
    this.file = file;
    this.summary = summary;
  }

  /** `size` is the length of the file in bytes. Throws ProtocolError, or HdfsError EUNSUPPORTED for an unknown compression. */
  static async read(file: RandomAccess, size: number): Promise<ImageSections> {
    const summary = await readSummary(file, size);
    const { layoutVersion, codec } = summary;
    if (!isReadableLayout(layoutVersion)) {
      throw new ProtocolError(`layout version ${layoutVersion}, where ${NAMENODE_LAYOUT_VERSION} is expected`);
    }
    if (codec !== undefined) checkCodec(codec);
    return new ImageSections(file, summary);
  }

  get list(): readonly Section[] {
    return this.summary.sections;
  }

  has(name: string): boolean {
    return this.list.some((section) => section.name === name);
  }

  async openSection(section: Section): Promise<SectionReader> {
    const { codec } = this.summary;
    if (codec === undefined) return SectionReader.ofFile(this.file, section);
    try {
      return SectionReader.ofBytes(section.name, this.file, await this.unpacked(section, codec));
    } catch (error) {
      throw new ProtocolError(`section ${section.name}: ${messageOf(error)}`, { cause: error });
    }
  }

  private async unpacked(section: Section, codec: string): Promise<Buffer> {
    if (section.length > MAX_PACKED_SECTION_BYTES) {
      throw new ProtocolError(`${section.length} packed bytes are too many; save the image uncompressed`);
    }
    return unpackSection(codec, await readExactly(this.file, section.offset, section.length));
  }

  /**
   * What a section's messages are read from by their positions (SectionReader.position): the file itself, or the section in
   * memory where the image is compressed.
   */
  async content(name: string): Promise<RandomAccess> {
    const { codec } = this.summary;
    const section = this.section(name);
    if (codec === undefined) return this.file;
    const bytes = await this.unpacked(section, codec);
    return {
      read: (buffer, offset, length, position) =>
        Promise.resolve(bytes.copy(buffer, offset, position, Math.min(position + length, bytes.length))),
    };
  }

  private section(name: string): Section {
    const section = this.list.find((each) => each.name === name);
    if (section === undefined) throw new ProtocolError(`section ${name} is missing`);
    return section;
  }

  async open(name: string): Promise<SectionReader> {
    return this.openSection(this.section(name));
  }

  async strings(): Promise<LoadedStrings> {
    const reader = await this.open('STRING_TABLE');
    const { maskBits, numEntry } = await reader.first(StringTableSection);
    const strings = new LoadedStrings(maskBits);
    let count = 0;
    await reader.forEach(StringTableSection_Entry, ({ id, str }) => {
      if (id === undefined || str === undefined) throw new ProtocolError('an entry without id or text');
      strings.add(id, str);
      count++;
    });
    if (count !== (numEntry ?? 0)) throw reader.error(`${numEntry} strings are announced, but ${count} are there`);
    return strings;
  }
}
