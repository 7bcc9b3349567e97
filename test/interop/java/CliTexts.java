import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.hadoop.cli.CLITestHelperDFS;
import org.apache.hadoop.cli.util.CLICommand;
import org.apache.hadoop.cli.util.CLITestData;
import org.apache.hadoop.cli.util.CommandExecutor;
import org.apache.hadoop.cli.util.ComparatorData;
import org.apache.hadoop.hdfs.HdfsConfiguration;

/**
 * Hadoop's own texts of its shell, by Hadoop's own helper and shell, on a cluster that is there already. Arguments: URI of the
 * NameNode, and the files of texts; they and the files that they name lie in the directory test.cache.data. Standard input:
 * descriptions of cases to leave out, one a line. Prints what did not hold; the last line is `N held, N did not`.
 */
public final class CliTexts extends CLITestHelperDFS {
  private final String uri;
  private final String file;

  private CliTexts(String uri, String file) {
    this.uri = uri;
    this.file = file;
  }

  public static void main(String[] args) throws Exception {
    PrintStream out = System.out;
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    Set<String> left = in.lines().collect(Collectors.toSet());
    int held = 0;
    int not = 0;
    for (String file : List.of(args).subList(1, args.length)) {
      CliTexts texts = new CliTexts(args[0], file);
      texts.setUp();
      texts.testsFromConfigFile.removeIf(each -> left.contains(each.getTestDesc().trim()));
      texts.testAll();
      for (CLITestData each : texts.testsFromConfigFile) {
        if (each.getTestResult()) held++;
        else {
          not++;
          texts.print(out, each);
        }
      }
    }
    out.println(held + " held, " + not + " did not");
    System.exit(0);
  }

  private void print(PrintStream out, CLITestData each) {
    out.println(file + ": " + each.getTestDesc().trim());
    for (CLICommand command : each.getTestCommands()) out.println("  $ " + command.getCmd());
    for (ComparatorData compared : each.getComparatorData()) {
      if (!compared.getTestResult()) out.println("  not there: " + expandCommand(compared.getExpectedOutput()));
      out.println("  printed: " + compared.getActualOutput());
    }
  }

  @Override
  public void setUp() throws Exception {
    super.setUp();
    username = System.getProperty("user.name");
    conf = new HdfsConfiguration();
  }

  @Override
  protected String getTestFile() {
    return file;
  }

  @Override
  protected String expandCommand(String command) {
    return super.expandCommand(command.replaceAll("NAMENODE", uri));
  }

  @Override
  protected CommandExecutor.Result execute(CLICommand command) throws Exception {
    return command.getExecutor(uri, conf).executeCommand(command.getCmd());
  }
}
