// Appends JSON events as a foreign client would. Arguments: brokers, topic, compression, first number, how many.
import java.util.Properties;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

public class Producer {
  public static void main(String[] args) throws Exception {
    var settings = new Properties();
    settings.put("bootstrap.servers", args[0]);
    settings.put("compression.type", args[2]);
    settings.put("linger.ms", "5");
    settings.put("batch.size", "262144");
    int first = Integer.parseInt(args[3]);
    int count = Integer.parseInt(args[4]);
    try (var producer = new KafkaProducer<String, String>(settings, new StringSerializer(), new StringSerializer())) {
      for (int n = first; n < first + count; n++) {
        var repeated = "lluvia ".repeat(n % 30);
        var event = "{\"text\":\"" + args[2] + " " + n + " " + repeated + "\",\"country\":\"Perú\"}";
        producer.send(new ProducerRecord<>(args[1], 0, "Perú", event)).get();
      }
      for (int n = 0; n < count; n++) {
        var event = "{\"text\":\"" + args[2] + " many " + n + " " + "☔".repeat(n % 90) + "\",\"country\":\"Perú\"}";
        producer.send(new ProducerRecord<>(args[1], n % 2, "Perú", event));
      }
    }
  }
}
