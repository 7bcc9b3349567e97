// Prints what the protobuf classes in Hadoop's jars say of their messages, as JSON: for every file its messages (number,
// name, label, type, default of each field), enums and services. Arguments: names of .proto files.
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.io.File;
import org.apache.hadoop.thirdparty.protobuf.Descriptors.Descriptor;
import org.apache.hadoop.thirdparty.protobuf.Descriptors.EnumDescriptor;
import org.apache.hadoop.thirdparty.protobuf.Descriptors.EnumValueDescriptor;
import org.apache.hadoop.thirdparty.protobuf.Descriptors.FieldDescriptor;
import org.apache.hadoop.thirdparty.protobuf.Descriptors.FileDescriptor;
import org.apache.hadoop.thirdparty.protobuf.Descriptors.MethodDescriptor;
import org.apache.hadoop.thirdparty.protobuf.Descriptors.ServiceDescriptor;

public class Descriptors {
  static final Map<String, String> messages = new TreeMap<>();
  static final Map<String, String> enums = new TreeMap<>();
  static final Map<String, String> services = new TreeMap<>();

  static String quote(Object text) {
    return "\"" + String.valueOf(text).replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }

  static void message(Descriptor type) {
    List<String> fields = new ArrayList<>();
    for (FieldDescriptor field : type.getFields()) {
      String kind = field.getType().name().toLowerCase();
      if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) kind = field.getMessageType().getFullName();
      if (field.getJavaType() == FieldDescriptor.JavaType.ENUM) kind = field.getEnumType().getFullName();
      String label = field.isRequired() ? "required" : field.isRepeated() ? "repeated" : "optional";
      Object value = null;
      if (field.hasDefaultValue()) {
        value = field.getDefaultValue();
        if (value instanceof EnumValueDescriptor) value = ((EnumValueDescriptor) value).getName();
      }
      fields.add(quote(field.getNumber()) + ":{\"name\":" + quote(field.getName()) + ",\"label\":" + quote(label)
          + ",\"type\":" + quote(kind) + ",\"packed\":" + (field.isRepeated() && field.isPacked())
          + (value == null ? "" : ",\"default\":" + quote(value)) + "}");
    }
    messages.put(type.getFullName(), "{" + String.join(",", fields) + "}");
    for (Descriptor nested : type.getNestedTypes()) message(nested);
    for (EnumDescriptor nested : type.getEnumTypes()) enumeration(nested);
  }

  static void enumeration(EnumDescriptor type) {
    List<String> values = new ArrayList<>();
    for (EnumValueDescriptor value : type.getValues()) values.add(quote(value.getName()) + ":" + value.getNumber());
    enums.put(type.getFullName(), "{" + String.join(",", values) + "}");
  }

  static String json(Map<String, String> map) {
    List<String> entries = new ArrayList<>();
    for (Map.Entry<String, String> entry : map.entrySet()) entries.add(quote(entry.getKey()) + ":" + entry.getValue());
    return "{" + String.join(",\n", entries) + "}";
  }

  public static void main(String[] args) throws Exception {
    for (String part : System.getProperty("hadoop.jars").split(File.pathSeparator)) {
      try (JarFile jar = new JarFile(part)) {
        for (JarEntry entry : java.util.Collections.list(jar.entries())) {
          String name = entry.getName();
          if (!name.startsWith("org/apache/hadoop/") || !name.endsWith(".class") || name.contains("$")) continue;
          if (name.contains("/thirdparty/")) continue;
          if (!name.endsWith("Protos.class") && !name.endsWith("Proto.class") && !name.endsWith("FsImageProto.class")) continue;
          FileDescriptor file;
          try {
            Class<?> outer = Class.forName(name.substring(0, name.length() - 6).replace('/', '.'));
            file = (FileDescriptor) outer.getMethod("getDescriptor").invoke(null);
          } catch (ReflectiveOperationException | ClassCastException | LinkageError e) {
            continue;
          }
          for (Descriptor type : file.getMessageTypes()) message(type);
          for (EnumDescriptor type : file.getEnumTypes()) enumeration(type);
          for (ServiceDescriptor service : file.getServices()) {
            List<String> methods = new ArrayList<>();
            for (MethodDescriptor method : service.getMethods())
              methods.add(quote(method.getName()) + ":[" + quote(method.getInputType().getFullName()) + ","
                  + quote(method.getOutputType().getFullName()) + "]");
            services.put(service.getFullName(), "{" + String.join(",", methods) + "}");
          }
        }
      }
    }
    System.out.println("{\"messages\":" + json(messages) + ",\n\"enums\":" + json(enums) + ",\n\"services\":" + json(services) + "}");
  }
}
