// What happens at an event: a function that is called at most once, held without an allocation of
// its own, since a world has millions.
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace prometheus_rsocket::sim {

class Action {
 public:
  Action() = default;
  template <class F>
  requires(!std::is_same_v<std::decay_t<F>, Action>) Action(F&& function)
      : kind_(&kKindOf<std::decay_t<F>>) {  // NOLINT: as std::function
    using Function = std::decay_t<F>;
    static_assert(sizeof(Function) <= kBytesMax && alignof(Function) <= alignof(std::max_align_t),
                  "what an event needs to know is little");
    static_assert(std::is_nothrow_move_constructible_v<Function>);
    std::construct_at(static_cast<Function*>(place()), std::forward<F>(function));
  }
  Action(Action&& from) noexcept { take(from); }
  Action& operator=(Action&& from) noexcept {
    if (this != &from) {
      reset();
      take(from);
    }
    return *this;
  }
  ~Action() { reset(); }

  // REQUIRES: it holds a function.
  void operator()() { kind_->call(place()); }

 private:
  static constexpr std::size_t kBytesMax = 48;

  struct Kind {
    void (*call)(void* function);
    void (*move)(void* from, void* to);
    void (*destroy)(void* function);
  };
  template <class Function>
  static constexpr Kind kKindOf = {
      [](void* function) { (*static_cast<Function*>(function))(); },
      [](void* from, void* to) {
        std::construct_at(static_cast<Function*>(to), std::move(*static_cast<Function*>(from)));
      },
      [](void* function) { std::destroy_at(static_cast<Function*>(function)); }};

  [[nodiscard]] void* place() { return bytes_; }
  void take(Action& from) {
    kind_ = from.kind_;
    if (kind_ != nullptr) kind_->move(from.place(), place());
    from.reset();
  }
  void reset() {
    if (kind_ != nullptr) std::exchange(kind_, nullptr)->destroy(place());
  }

  const Kind* kind_ = nullptr;
  alignas(std::max_align_t) std::byte bytes_[kBytesMax];
};

}  // namespace prometheus_rsocket::sim
