#include "tests/support/json_schema.hpp"

#include <array>
#include <cstdio>

#include "tests/support/temp_repo.hpp"

namespace homeostat {

namespace {

constexpr const char* source = HOMEOSTAT_SOURCE_DIR;

std::string run(const std::string& schema_file, const std::vector<std::string>& files) {
  std::string command =
      std::string("python3 '") + source + "/tests/support/validate_json.py' '" + schema_file + "'";
  for (const std::string& file : files) command += " '" + file + "'";
  std::string out;
  // Our own script with paths of our own.
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");  // NOLINT(cert-env33-c)
  if (pipe == nullptr) return "cannot run " + command;
  std::array<char, 4096> buffer = {};
  while (fgets(buffer.data(), static_cast<int>(buffer.size()), pipe) != nullptr) {
    out += buffer.data();
  }
  const int status = pclose(pipe);
  return out.empty() && status != 0 ? "failed: " + command : out;
}

}  // namespace

std::string validate_files(const std::string& schema, const std::vector<std::string>& files) {
  return run(std::string(source) + "/" + schema, files);
}

std::string validate(const std::string& schema, const nlohmann::json& document) {
  const TempDir folder;
  folder.write("document.json", document.dump());
  return validate_files(schema, {folder.path() + "/document.json"});
}

std::string validate_with(const nlohmann::json& schema, const nlohmann::json& document) {
  const TempDir folder;
  folder.write("schema.json", schema.dump());
  folder.write("document.json", document.dump());
  return run(folder.path() + "/schema.json", {folder.path() + "/document.json"});
}

}  // namespace homeostat
