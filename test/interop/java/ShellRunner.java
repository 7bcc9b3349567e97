// Runs many commands of Hadoop's shell in one process. Each line of standard input is one command, its words parted by
// tabs. Standard output gets, for each: a line `<<< exit code`, then its output, `>>>`, then its errors, `===`.
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FsShell;
import org.apache.hadoop.util.ToolRunner;

public class ShellRunner {
  public static void main(String[] args) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream realOut = System.out;
    PrintStream realErr = System.err;
    String line;
    while ((line = lines.readLine()) != null) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      ByteArrayOutputStream err = new ByteArrayOutputStream();
      System.setOut(new PrintStream(out, true, "UTF-8"));
      System.setErr(new PrintStream(err, true, "UTF-8"));
      System.setIn(new ByteArrayInputStream("from stdin\n".getBytes(StandardCharsets.UTF_8)));
      int code;
      FsShell shell = new FsShell();
      shell.setConf(new Configuration());
      try {
        code = ToolRunner.run(shell, line.isEmpty() ? new String[0] : line.split("\t", -1)) & 0xff;
      } finally {
        shell.close();
        System.setOut(realOut);
        System.setErr(realErr);
      }
      realOut.println("<<< " + code);
      realOut.write(out.toByteArray());
      realOut.println(">>>");
      realOut.write(err.toByteArray());
      realOut.println("===");
      realOut.flush();
    }
  }
}
