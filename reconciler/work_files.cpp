#include "reconciler/work_files.hpp"

#include <fstream>
#include <iterator>

namespace homeostat {
namespace {

std::shared_ptr<const FileText> read_disk(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return nullptr;
  return std::make_shared<const FileText>(
      std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()));
}

}  // namespace

const WorkFiles::File* WorkFiles::changed(const std::string& file) {
  const Revision& revision = spec_.revision;
  if (!revision.work_tree || !revision.uncommitted.contains(file)) return nullptr;
  const auto [known, added] = files_.try_emplace(file);
  File& work = known->second;
  if (added) {
    work.disk = read_disk(spec_.folder + "/" + file);
    work.blob = history_.entry(head_.tree, past_.path_of(file));
    if (work.disk && work.blob) work.hunks = diff_lines(*history_.text(*work.blob), *work.disk);
  }
  return &work;
}

std::shared_ptr<const FileText> WorkFiles::text(const std::string& file) {
  if (const File* work = changed(file)) return work->disk;
  const auto blob = history_.entry(head_.tree, past_.path_of(file));
  return blob ? history_.text(*blob) : nullptr;
}

std::optional<int> WorkFiles::line_in_head(const SourceRef& now) {
  const File* work = changed(now.file);
  if (work == nullptr) return now.line;
  return work->blob ? line_before(work->hunks, now.line) : std::nullopt;
}

std::optional<SourceRef> WorkFiles::removed_on_disk(const Places& places) {
  for (const OnceThere& once : places) {
    const auto blob = history_.entry(head_.tree, once.place.path);
    const auto in_head = blob ? find_again(history_.hunks(once.blob, *blob), *history_.text(*blob),
                                           once.place.line, once.word)
                              : std::nullopt;
    if (!in_head) continue;
    const std::string file = past_.file_of(once.place.path);
    const File* work = changed(file);
    if (work == nullptr) return std::nullopt;
    if (work->disk && find_again(work->hunks, *work->disk, *in_head, once.word)) {
      return std::nullopt;
    }
    return SourceRef{file, *in_head, 0};
  }
  return std::nullopt;
}

}  // namespace homeostat
