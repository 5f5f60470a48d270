import io.netty.channel.EventLoop;
import io.netty.channel.nio.NioEventLoopGroup;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The process of Netty in the benchmark of calls between threads: `NettyDispatch throughput|round-trip`. Each line on its input is
 * a question in JSON, each line of its output the figures; its sister is dispatch/child.ts.
 *
 * <p>NioEventLoop.execute() is the way into a loop. Each call is a task of its own that carries its number, as a callback with an
 * argument is; the loop's queue and wake-ups are as they come.
 */
public final class NettyDispatch {
    private static final int WARM_UP_TRIPS = 10_000;
    private static final long IDLE_US = 1_000;

    private final NioEventLoopGroup group = new NioEventLoopGroup(2);
    private final EventLoop here = group.next();
    private final EventLoop there = group.next();
    /** Only ever touched in `there`. */
    private long count;
    /** Only ever touched in `here`. */
    private long[] trips;
    private int tripped;

    public static void main(String[] args) throws Exception {
        NettyDispatch dispatch = new NettyDispatch();
        boolean flooding = args[0].equals("throughput");
        if (!flooding) dispatch.trip(WARM_UP_TRIPS, 0);
        BufferedReader questions = new BufferedReader(new InputStreamReader(System.in));
        for (String line = questions.readLine(); line != null; line = questions.readLine()) {
            int calls = (int) number(line, "calls");
            System.out.println(flooding ? dispatch.flooding(calls, number(line, "atLeast")) : dispatch.tripping(calls));
        }
        dispatch.group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
    }

    private String flooding(int calls, double atLeast) throws InterruptedException {
        flood(calls);
        double seconds = 0;
        long made = 0;
        while (seconds < atLeast) {
            long start = System.nanoTime();
            flood(calls);
            seconds += (System.nanoTime() - start) / 1e9;
            made += calls;
        }
        return "{\"perSecond\":" + made / seconds + "}";
    }

    private void flood(int calls) throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        long[] arrived = new long[1];
        for (int i = 0; i < calls; i++) {
            int value = i;
            there.execute(() -> sink(value));
        }
        there.execute(() -> {
            arrived[0] = count;
            count = 0;
            done.countDown();
        });
        done.await();
        if (arrived[0] != calls) throw new IllegalStateException("Lost calls: " + arrived[0] + " of " + calls + " arrived");
    }

    private void sink(int value) {
        count += value >= 0 ? 1 : 0; // the value is used, or it would not be carried
    }

    private String tripping(int calls) throws InterruptedException {
        long[] sorted = trip(calls, IDLE_US);
        Arrays.sort(sorted);
        return "{\"p50\":" + quantile(sorted, 0.5) + ",\"p99\":" + quantile(sorted, 0.99) + "}";
    }

    private long[] trip(int calls, long idleUs) throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        here.execute(() -> {
            trips = new long[calls];
            tripped = 0;
            send(idleUs, done);
        });
        done.await();
        return trips;
    }

    private void send(long idleUs, CountDownLatch done) {
        long sent = System.nanoTime();
        there.execute(() -> here.execute(() -> arrive(sent, idleUs, done)));
    }

    private void arrive(long sent, long idleUs, CountDownLatch done) {
        trips[tripped++] = System.nanoTime() - sent;
        if (tripped == trips.length) done.countDown();
        else if (idleUs == 0) send(idleUs, done);
        else here.schedule(() -> send(idleUs, done), idleUs, TimeUnit.MICROSECONDS);
    }

    /** Seconds; nearest rank, as harness/statistics.ts. */
    private static double quantile(long[] sorted, double q) {
        return sorted[Math.max(0, (int) Math.ceil(q * sorted.length) - 1)] / 1e9;
    }

    private static double number(String json, String name) {
        Matcher matcher = Pattern.compile("\"" + name + "\":([0-9.e-]+)").matcher(json);
        if (!matcher.find()) throw new IllegalArgumentException("No " + name + " in " + json);
        return Double.parseDouble(matcher.group(1));
    }
}
