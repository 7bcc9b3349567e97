import java.io.File;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.file.CodecFactory;
import org.apache.avro.file.DataFileWriter;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.*;
import org.apache.hadoop.io.compress.*;
import org.apache.hadoop.util.ReflectionUtils;

/** Files of the kinds that the shell's `text` shows, written by Hadoop's and Avro's own classes into a directory. */
public final class Samples {
  private static final Configuration CONF = new Configuration();
  /** Those that need neither a native library nor a jar that Hadoop does not bring. */
  private static final List<Class<? extends CompressionCodec>> CODECS =
      List.of(DefaultCodec.class, GzipCodec.class, SnappyCodec.class, BZip2Codec.class);

  public static void main(String[] args) throws Exception {
    File directory = new File(args[0]);
    for (SequenceFile.CompressionType type : SequenceFile.CompressionType.values()) {
      for (Class<? extends CompressionCodec> codec : CODECS) {
        String name = type.name().toLowerCase() + "-" + codec.getSimpleName();
        sequence(new File(directory, name + ".seq"), type, ReflectionUtils.newInstance(codec, CONF));
      }
    }
    Writable[] values = {
      new IntWritable(-5), new VIntWritable(70000), new VLongWritable(-70000L), new FloatWritable(0.1f), new DoubleWritable(1e10),
      new BooleanWritable(true), new ByteWritable((byte) -1), new ShortWritable((short) 300), new BytesWritable(new byte[] {0, -1, 16}),
      NullWritable.get(), new Text("tab\tand ü"), new LongWritable(Long.MIN_VALUE), MD5Hash.digest("x"), map(),
      new ObjectWritable(new Text("of a class that is not shown"))
    };
    for (Writable value : values) {
      File file = new File(directory, value.getClass().getSimpleName() + ".seq");
      try (SequenceFile.Writer writer = SequenceFile.createWriter(CONF, SequenceFile.Writer.file(path(file)),
          SequenceFile.Writer.keyClass(LongWritable.class), SequenceFile.Writer.valueClass(value.getClass()))) {
        writer.append(new LongWritable(1), value);
        writer.append(new LongWritable(2), value);
      }
    }
    for (String codec : List.of("null", "deflate", "snappy", "bzip2")) avro(new File(directory, codec + ".avro"), codec, 3);
    avro(new File(directory, "empty.avro"), "null", 0);
    for (Class<? extends CompressionCodec> each : CODECS) {
      CompressionCodec codec = ReflectionUtils.newInstance(each, CONF);
      try (var out = codec.createOutputStream(path(new File(directory, "packed" + codec.getDefaultExtension()))
          .getFileSystem(CONF).create(path(new File(directory, "packed" + codec.getDefaultExtension()))))) {
        for (int i = 0; i < 50000; i++) out.write(("line " + i + "\n").getBytes());
      }
    }
  }

  private static MapWritable map() {
    MapWritable map = new MapWritable();
    for (int i = 0; i < 40; i++) map.put(new Text("key ü" + i * i), i % 3 == 0 ? NullWritable.get() : new DoubleWritable(i));
    for (int i = -3; i < 20; i++) map.put(new IntWritable(i * 17), new Text("int"));
    map.put(new LongWritable(1L << 40), new MapWritable());
    return map;
  }

  private static Path path(File file) {
    return new Path(file.toURI());
  }

  private static void sequence(File file, SequenceFile.CompressionType type, CompressionCodec codec) throws Exception {
    SequenceFile.Metadata metadata = new SequenceFile.Metadata();
    metadata.set(new Text("made"), new Text("for a test"));
    try (SequenceFile.Writer writer = SequenceFile.createWriter(CONF, SequenceFile.Writer.file(path(file)),
        SequenceFile.Writer.keyClass(IntWritable.class), SequenceFile.Writer.valueClass(Text.class),
        SequenceFile.Writer.metadata(metadata), SequenceFile.Writer.compression(type, codec))) {
      // Enough for syncs, and for more than one block.
      int rows = type == SequenceFile.CompressionType.RECORD && codec instanceof BZip2Codec ? 100 : 60000;
      for (int i = 0; i < rows; i++) writer.append(new IntWritable(i), new Text("value " + i * 7919));
    }
  }

  private static void avro(File file, String codec, int rows) throws Exception {
    Schema schema = new Schema.Parser().parse("{\"type\":\"record\",\"name\":\"Row\",\"namespace\":\"of.us\",\"fields\":["
        + "{\"name\":\"i\",\"type\":\"int\"},{\"name\":\"l\",\"type\":\"long\"},{\"name\":\"f\",\"type\":\"float\"},"
        + "{\"name\":\"d\",\"type\":\"double\"},{\"name\":\"b\",\"type\":\"boolean\"},{\"name\":\"s\",\"type\":\"string\"},"
        + "{\"name\":\"raw\",\"type\":\"bytes\"},{\"name\":\"n\",\"type\":\"null\"},"
        + "{\"name\":\"u\",\"type\":[\"null\",\"string\",\"Row\",{\"type\":\"map\",\"values\":\"int\"}]},"
        + "{\"name\":\"e\",\"type\":{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"]}},"
        + "{\"name\":\"x\",\"type\":{\"type\":\"fixed\",\"name\":\"X\",\"size\":2}},"
        + "{\"name\":\"m\",\"type\":{\"type\":\"map\",\"values\":\"double\"}},"
        + "{\"name\":\"a\",\"type\":{\"type\":\"array\",\"items\":[\"E\",\"X\",\"long\"]}}]}");
    Schema symbols = schema.getField("e").schema();
    Schema fixed = schema.getField("x").schema();
    try (DataFileWriter<Object> writer = new DataFileWriter<>(new GenericDatumWriter<>(schema))) {
      writer.setCodec(CodecFactory.fromString(codec));
      writer.create(schema, file);
      Object inner = null;
      for (int i = 0; i < rows; i++) {
        GenericData.Record row = new GenericData.Record(schema);
        row.put("i", -i);
        row.put("l", Long.MAX_VALUE - i);
        row.put("f", i == 0 ? Float.NaN : 1.1f * i);
        row.put("d", i == 0 ? Double.POSITIVE_INFINITY : 1e-7 * i);
        row.put("b", i % 2 == 0);
        row.put("s", "\u0001 \"quoted\" \\ / ü 😀 \u007f \n");
        row.put("raw", ByteBuffer.wrap(new byte[] {0, -1, 65}));
        row.put("u", i == 0 ? null : i == 1 ? inner : Map.of("k", i));
        row.put("e", new GenericData.EnumSymbol(symbols, "B"));
        row.put("x", new GenericData.Fixed(fixed, new byte[] {(byte) 200, 10}));
        Map<String, Double> map = new HashMap<>();
        for (int k = 0; k < 20 * i; k++) map.put("key" + k * k, k / 4.0);
        row.put("m", map);
        row.put("a", List.of(5L, new GenericData.EnumSymbol(symbols, "A"), new GenericData.Fixed(fixed, new byte[] {1, 2})));
        writer.append(row);
        inner = row;
      }
    }
  }
}
