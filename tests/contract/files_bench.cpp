#include "tests/contract/files_bench.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "tests/contract/story.hpp"

namespace homeostat::contract {
namespace {

namespace fs = std::filesystem;

constexpr const char* head = R"(networks:
  lab: {{ cidr: 10.5.0.0/24, provider: it }}
zones:
  lab: {{ zone: lab.example.org, on: [it] }}
defaults:
  container: {{ provider: it }}
  proxy_host: {{ provider: it }}
  monitor: {{ provider: it }}
secrets:
  backup_push: {{ env: HOMEOSTAT_CONTRACT_SECRET }}
  health_token: {{ env: HOMEOSTAT_CONTRACT_SECRET }}
  probe: {{ env: HOMEOSTAT_CONTRACT_SECRET }}
providers:
  it: {{ type: files, path: "{}" }}
)";

}  // namespace

FilesBench::FilesBench() { ::setenv("HOMEOSTAT_CONTRACT_SECRET", "s3cr3t-of-the-contract", 1); }

std::string FilesBench::open(const std::string& /*timeout*/) {
  ++places_;
  return fmt::format(head, fmt::format("{}/live{}", dir_.path(), places_));
}

// The first field of each is one that is written on one line.
std::vector<Sample> FilesBench::samples() const {
  return {{"container/story#",
           {{"cores", "1"}, {"memory", "512MiB"}, {"template", "debian-12"}, {"vmid", "11#"}},
           {{"cores", "2"},
            {"env", "{ TZ: Europe/Vienna }"},
            {"image", ""},  // it is made of a template
            {"template", "debian-13"}}},
          {"ip/lab/story#",
           {{"address", "10.5.0.#"}},
           {{"address", "10.5.0.10#"}, {"description", "in the hall"}}},
          {"dns/lab/story#/A",
           {{"ttl", "5m"}, {"values", "[10.5.0.#]"}},
           {{"ttl", "10m"}, {"values", "[10.6.0.#, 10.6.1.#]"}}},
          {"proxy_host/story#",
           {{"certificate", "none"},
            {"domains", "[story#.example.org]"},
            {"forward_host", "10.5.0.#"},
            {"forward_port", "3000"}},
           {{"certificate", "letsencrypt"},
            {"description", "the story"},
            {"forward_host", "10.5.0.10#"},
            {"forward_port", "8080"},
            {"forward_scheme", "https"},
            {"redirect", ""}}},  // it forwards
          {"monitor/story#",
           {{"interval", "1m"}, {"type", "http"}, {"target", "https://story#.example.org/"}},
           {{"interval", "2m"},
            {"parent", ""},  // would be a second monitor
            // Of other types.
            {"type", ""},
            {"expected", ""},
            {"json_path", ""},
            {"keyword", ""}}}};
}

std::string FilesBench::file(const std::string& name) const {
  return fmt::format("live{}/{}.yaml", places_, name);
}

std::string FilesBench::peek(const std::string& name) {
  return fs::exists(fs::path(dir_.path()) / file(name)) ? dir_.read(file(name)) : "";
}

std::size_t FilesBench::count() {
  std::size_t files = 0;
  const fs::path live = fs::path(dir_.path()) / fmt::format("live{}", places_);
  if (!fs::exists(live)) return 0;
  for (const auto& entry : fs::recursive_directory_iterator(live)) {
    if (entry.is_regular_file()) ++files;
  }
  return files;
}

void FilesBench::plant(const Sample& sample, int number, bool like_the_sample) {
  std::string text;
  for (const auto& [field, value] : sample.fields) {
    const bool other = !like_the_sample && text.empty();
    text +=
        fmt::format("{}: {}\n", field, numbered(other ? sample.others.at(field) : value, number));
  }
  dir_.write(file(numbered(sample.name, number)), text);
}

void FilesBench::disturb(const Sample& sample, int number) {
  const std::string name = numbered(sample.name, number);
  const std::string field = sample.fields.begin()->first;
  std::string text = dir_.read(file(name));
  const std::size_t at = text.find(field + ": ");
  const std::size_t end = text.find('\n', at);
  text.replace(at, end - at,
               fmt::format("{}: {}", field, numbered(sample.others.at(field), number)));
  dir_.write(file(name), text);
}

void FilesBench::drop(const std::string& name) { dir_.remove(file(name)); }

bool FilesBench::copy(const std::string& from, const std::string& to) {
  dir_.write(file(to), dir_.read(file(from)));
  return true;
}

// Only where something but the file's own name says which thing it is.
Sample FilesBench::rename(const Sample& sample, std::string& /*head*/) const {
  Sample renamed = sample;
  if (sample.name.starts_with("container/") || sample.name.starts_with("proxy_host/")) {
    renamed.name.replace(renamed.name.find('/') + 1, std::string("story").size(), "renamed");
  } else {
    renamed.name.clear();
  }
  return renamed;
}

}  // namespace homeostat::contract
