import java.io.File;
import java.io.PrintWriter;
import org.eclipse.jgit.api.Git;
import org.eclipse.jgit.lib.TextProgressMonitor;
import org.eclipse.jgit.transport.PushResult;
import org.eclipse.jgit.transport.RefSpec;
import org.eclipse.jgit.transport.RemoteRefUpdate;
import org.eclipse.jgit.transport.UsernamePasswordCredentialsProvider;

/** JGit, as in Eclipse and build servers. Shows what a program would have to show: the remote's words, and the texts of the error. */
public final class Client {
    private static final UsernamePasswordCredentialsProvider WHO =
        new UsernamePasswordCredentialsProvider(String.valueOf(System.getenv("CLIENT_USER")), String.valueOf(System.getenv("CLIENT_TOKEN")));

    /** Seconds. Eclipse sets 30; what counts is silence. */
    private static final int TIMEOUT = 10;

    public static void main(String[] arguments) {
        try {
            run(arguments);
        } catch (Exception error) {
            for (Throwable cause = error; cause != null; cause = cause.getCause()) {
                System.err.println(cause.getClass().getSimpleName() + ": " + cause.getMessage());
            }
            System.exit(1);
        }
    }

    private static void run(String[] arguments) throws Exception {
        switch (arguments[0]) {
            case "version":
                System.out.println("JGit " + Git.class.getPackage().getImplementationVersion() + " (Java " + System.getProperty("java.version") + ")");
                break;
            case "clone":
                Git.cloneRepository().setURI(arguments[1]).setDirectory(new File(arguments[2]))
                    .setTimeout(TIMEOUT).setCredentialsProvider(WHO).setProgressMonitor(monitor()).call().close();
                break;
            case "fetch":
                try (Git git = Git.open(new File(arguments[1]))) {
                    git.fetch().setRemote("origin").setTimeout(TIMEOUT).setCredentialsProvider(WHO).setProgressMonitor(monitor()).call();
                }
                break;
            case "push":
                push(new File(arguments[1]));
                break;
            default:
                System.exit(2);
        }
    }

    private static void push(File folder) throws Exception {
        try (Git git = Git.open(folder)) {
            for (PushResult result : git.push().setRemote("origin").setRefSpecs(new RefSpec("refs/heads/main"))
                    .setTimeout(TIMEOUT).setCredentialsProvider(WHO).setOutputStream(System.err).call()) {
                for (RemoteRefUpdate update : result.getRemoteUpdates()) {
                    if (update.getStatus() != RemoteRefUpdate.Status.OK && update.getStatus() != RemoteRefUpdate.Status.UP_TO_DATE) {
                        throw new Exception(update.getRemoteName() + ": " + update.getStatus() + " " + update.getMessage());
                    }
                }
            }
        }
    }

    private static TextProgressMonitor monitor() {
        return new TextProgressMonitor(new PrintWriter(System.err, true));
    }
}
