// A deleter for what C libraries make: std::unique_ptr<SSL, FreeWith<SSL_free>> owns one.
#pragma once

namespace prometheus_rsocket::base {

// `Free` takes the pointer; what it returns is passed over.
template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

}  // namespace prometheus_rsocket::base
