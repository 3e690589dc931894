#include "tests/contract/files_bench.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "reconciler/contract/samples.hpp"

namespace homeostat::contract {
namespace {

namespace fs = std::filesystem;

}  // namespace

FilesBench::FilesBench() { ::setenv("HOMEOSTAT_CONTRACT_SECRET", "s3cr3t-of-the-contract", 1); }

std::string FilesBench::open() {
  ++places_;
  std::set<std::string> all;
  for (const KindSchema& kind : kinds()) all.insert(kind.name);
  return sample_head(all, "{ env: HOMEOSTAT_CONTRACT_SECRET }") +
         fmt::format(
             "zones:\n  lab: {{ zone: lab.example.org, on: [it] }}\n"
             "providers:\n  it: {{ type: files, path: \"{}/live{}\" }}\n",
             dir_.path(), places_);
}

std::vector<Sample> FilesBench::samples() const {
  std::vector<Sample> all;
  for (const KindSchema& kind : kinds()) {
    for (Sample& sample : samples_of(kind.name)) all.push_back(std::move(sample));
  }
  return all;
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
Sample FilesBench::rename(const Sample& sample, std::string& head) const {
  const bool other =
      sample.name.starts_with("container/") || sample.name.starts_with("proxy_host/");
  return other ? renamed(sample, head) : Sample();
}

}  // namespace homeostat::contract
