#include "proxy/free_memory.h"

#include <chrono>
#include <optional>

#ifdef PROMETHEUS_RSOCKET_TCMALLOC
#include <gperftools/malloc_extension.h>
#endif

namespace prometheus_rsocket::proxy {
namespace {

using namespace std::chrono_literals;

struct Heap {
  std::size_t used = 0;
  std::size_t free = 0;  // whole pages, resident
};

#ifdef PROMETHEUS_RSOCKET_TCMALLOC
std::optional<Heap> read_heap() {
  Heap heap;
  MallocExtension& allocator = *MallocExtension::instance();
  const bool is_known =
      allocator.GetNumericProperty("generic.current_allocated_bytes", &heap.used) &&
      allocator.GetNumericProperty("tcmalloc.pageheap_free_bytes", &heap.free);
  return is_known ? std::optional(heap) : std::nullopt;
}

void give_back(std::size_t bytes) { MallocExtension::instance()->ReleaseToSystem(bytes); }
#else
std::optional<Heap> read_heap() { return std::nullopt; }
void give_back(std::size_t) {}
#endif

}  // namespace

FreeMemory::FreeMemory(runtime::Shard& shard) : shard_(shard), alarm_(shard, [this] { look(); }) {
  alarm_.set(shard_.clock.now());
}

void FreeMemory::look() {
  const auto heap = read_heap();
  if (!heap) return;
  const std::size_t portion = surplus_.look(heap->used, heap->free);
  if (portion > 0) give_back(portion);
  alarm_.set(shard_.clock.now() + 1s);
}

}  // namespace prometheus_rsocket::proxy
