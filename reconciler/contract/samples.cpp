#include "reconciler/contract/samples.hpp"

#include <fmt/format.h>

namespace homeostat::contract {

std::vector<Sample> samples_of(const std::string& kind) {
  if (kind == "container") {
    return {{"container/homeostat-check-#",
             {{"cores", "1"}, {"memory", "512MiB"}, {"template", "debian-12"}, {"vmid", "11#"}},
             {{"cores", "2"},
              {"env", "{ TZ: Europe/Vienna }"},
              {"image", ""},  // it is made of a template
              {"template", "debian-13"}}}};
  }
  if (kind == "ip") {
    return {{"ip/lab/homeostat-check-#",
             {{"address", "10.5.0.#"}},
             {{"address", "10.5.0.10#"}, {"description", "in the hall"}}}};
  }
  if (kind == "dns") {
    return {{"dns/lab/homeostat-check-#/A",
             {{"ttl", "5m"}, {"values", "[10.5.0.#]"}},
             {{"ttl", "10m"}, {"values", "[10.6.0.#, 10.6.1.#]"}}},
            {"dns/lab/homeostat-check-#/TXT",
             {{"ttl", "5m"}, {"values", "[\"the story; #\"]"}},
             {{"ttl", "10m"}, {"values", "['with \"quotes\"', more]"}}}};
  }
  if (kind == "proxy_host") {
    return {{"proxy_host/homeostat-check-#",
             {{"certificate", "none"},
              {"domains", "[homeostat-check-#.example.org]"},
              {"forward_host", "10.5.0.#"},
              {"forward_port", "3000"}},
             {{"certificate", "letsencrypt"},
              {"description", "the story"},
              {"forward_host", "10.5.0.10#"},
              {"forward_port", "8080"},
              {"forward_scheme", "https"},
              {"redirect", ""}}}};  // it forwards
  }
  if (kind == "monitor") {
    return {
        {"monitor/homeostat-check-#",
         {{"interval", "1m"}, {"type", "http"}, {"target", "https://homeostat-check-#.invalid/"}},
         {{"interval", "2m"},
          {"parent", ""},  // would be a second monitor
          // Of other types.
          {"type", ""},
          {"expected", ""},
          {"json_path", ""},
          {"keyword", ""}}}};
  }
  return {};
}

std::string sample_head(const std::set<std::string>& kinds, const std::string& secret) {
  std::string text;
  if (kinds.contains("ip")) text += "networks:\n  lab: { cidr: 10.5.0.0/24 }\n";
  if (!kinds.contains("monitor")) return text;
  text += "secrets:\n";
  // Those that the examples of its fields name.
  for (const char* name : {"backup_push", "health_token", "probe"}) {
    text += fmt::format("  {}: {}\n", name, secret);
  }
  return text;
}

Sample renamed(const Sample& sample, std::string& head) {
  Sample other = sample;
  if (const auto zone = other.name.find("/lab/");
      zone != std::string::npos && kind_of(other.name) == "dns") {
    other.name.replace(zone, std::string_view("/lab/").size(), "/other/");
    const auto key = head.find("  lab: { zone:");
    if (key != std::string::npos) head.replace(key + 2, std::string_view("lab").size(), "other");
  } else {
    other.name.insert(other.name.find(sample_prefix) + sample_prefix.size(), "renamed-");
  }
  return other;
}

}  // namespace homeostat::contract
