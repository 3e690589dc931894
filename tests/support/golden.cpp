#include "tests/support/golden.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string_view>

namespace homeostat {
namespace {

namespace fs = std::filesystem;

fs::path folder() { return fs::path(HOMEOSTAT_SOURCE_DIR) / "tests" / "golden"; }

std::optional<std::string> read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool write(const fs::path& path, const std::string& text) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  return static_cast<bool>(file.flush());
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) out.push_back(line);
  if (!text.empty() && text.back() != '\n') out.push_back("(no newline at the end)");
  return out;
}

// What is between the common start and the common end.
std::string difference(const std::string& expected, const std::string& got) {
  const std::vector<std::string> left = lines(expected);
  const std::vector<std::string> right = lines(got);
  const std::size_t shorter = std::min(left.size(), right.size());
  std::size_t head = 0;
  while (head < shorter && left[head] == right[head]) ++head;
  std::size_t tail = 0;
  while (tail < shorter - head && left[left.size() - 1 - tail] == right[right.size() - 1 - tail]) {
    ++tail;
  }
  std::string out = "from line " + std::to_string(head + 1) + " on:\n";
  for (std::size_t i = head; i + tail < left.size(); ++i) out += "-" + left[i] + "\n";
  for (std::size_t i = head; i + tail < right.size(); ++i) out += "+" + right[i] + "\n";
  return out;
}

bool update_asked_for() {
  const char* value = std::getenv("HOMEOSTAT_UPDATE_GOLDEN");  // NOLINT(concurrency-mt-unsafe)
  return value != nullptr && std::string_view(value) == "1";
}

}  // namespace

void check_golden(const std::string& name, const std::string& text) {
  const fs::path path = folder() / name;
  const std::optional<std::string> expected = read(path);
  if (expected == text) return;
  std::string message = "tests/golden/" + name;
  message += expected ? " differs " + difference(*expected, text) : " does not exist\n";
  if (!update_asked_for()) {
    FAIL_CHECK(message << "(HOMEOSTAT_UPDATE_GOLDEN=1 rewrites it)");
  } else if (write(path, text)) {
    FAIL_CHECK(message << "(rewritten: look at it, and run again without the variable)");
  } else {
    FAIL_CHECK(message << "(could not be written)");
  }
}

std::vector<std::string> golden_folders() {
  std::vector<std::string> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder(), error)) {
    if (entry.is_directory()) out.push_back(entry.path().filename().string());
  }
  std::ranges::sort(out);
  return out;
}

}  // namespace homeostat
