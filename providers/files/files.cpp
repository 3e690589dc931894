#include <filesystem>

#include "providers/files/scan.hpp"
#include "providers/files/write.hpp"

namespace homeostat::files {
namespace {

constexpr std::string_view doc =
    "Live state as a directory with one YAML file a resource, of every kind. Needs nothing else.";

class FilesProvider final : public Provider {
 public:
  FilesProvider(Store store, const ProviderContext& context)
      : store_(std::move(store)),
        zones_(context.zones),
        site_(context.site),
        read_only_(context.read_only) {}

  [[nodiscard]] const ProviderInfo& info() const override;

  // The schema's canonical form is the one that is stored.
  [[nodiscard]] Attributes canonical(const Address& /*address*/, Attributes wanted) const override {
    return wanted;
  }

  [[nodiscard]] Result<Observation> observe(const Scope& scope, std::stop_token stop) override {
    return scan(ScanInput{store_, scope, zones_, site_}, stop);
  }

  [[nodiscard]] std::vector<Result<StepResult>> apply(std::span<const Step> steps,
                                                      std::stop_token stop) override;

 private:
  Result<StepResult> apply_one(const Step& step, const std::stop_token& stop) const;

  Store store_;
  Zones zones_;
  std::string site_;
  bool read_only_;
};

ProviderInfo make_info() {
  ProviderInfo info;
  info.schema.type = "files";
  info.schema.doc = doc;
  FieldSchema path;
  path.name = "path";
  path.doc =
      "The directory, relative to the folder of `homeostat.yaml`. It need not exist. "
      "A bare repository needs an absolute one.";
  path.required = true;
  path.example = "live";
  info.schema.settings = {path};
  info.folder_setting = path.name;
  for (const KindSchema& kind : kinds()) {
    info.schema.kinds[kind.name] = {};
    info.kinds[kind.name] = {};
  }
  info.kinds["dns"].named_by_address = true;  // a zone's key is a folder
  info.batches = true;
  return info;
}

}  // namespace

const ProviderInfo& type_info() {
  static const ProviderInfo info = make_info();
  return info;
}

const ProviderInfo& FilesProvider::info() const { return type_info(); }

Result<StepResult> FilesProvider::apply_one(const Step& step, const std::stop_token& stop) const {
  if (read_only_) {
    return fail(ErrorKind::internal, "it was opened for looking only; nothing was written");
  }
  if (stop.stop_requested()) return fail(ErrorKind::cancelled, "stopped before it was written");
  return write_step(WriteInput{store_, zones_}, step);
}

std::vector<Result<StepResult>> FilesProvider::apply(std::span<const Step> steps,
                                                     std::stop_token stop) {
  std::vector<Result<StepResult>> results;
  results.reserve(steps.size());
  bool failed = false;
  for (const Step& step : steps) {
    // A batch is a sequence: what comes later may stand on what failed.
    if (failed) {
      results.push_back(fail(ErrorKind::cancelled, "a step before it in its batch failed"));
      continue;
    }
    results.push_back(apply_one(step, stop));
    failed = !results.back();
  }
  return results;
}

Result<std::unique_ptr<Provider>> make(const ProviderContext& context) {
  const auto path = context.settings.find("path");
  if (path == context.settings.end() || !path->is_string() || path->get<std::string>().empty()) {
    return fail(ErrorKind::invalid_spec, "`path` is missing: the directory of the live state");
  }
  const auto shown = path->get<std::string>();
  if (context.folder.empty() && !std::filesystem::path(shown).is_absolute()) {
    return fail(ErrorKind::invalid_spec,
                "`path: " + shown + "` is relative, and a bare repository has no folder for it",
                "write an absolute path, or use a clone with a work tree");
  }
  Store store(std::filesystem::path(context.folder) / shown, shown);
  return std::make_unique<FilesProvider>(std::move(store), context);
}

}  // namespace homeostat::files
