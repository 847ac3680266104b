// SPDX-License-Identifier: Apache-2.0
//
// The @ID@ driver: objects in the memory of one process. Stores of the same name share them.

#include <holdfast/driver.h>

#include <chrono>
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

HOLDFAST_DRIVER_NOTE;

namespace {

constexpr std::string_view id = "@ID@", version = "0.1.0", vendor = "Unpublished";
constexpr uint64_t most_bytes = uint64_t{1} << 30;

using Key = std::tuple<std::string, std::string, std::string>;  // collection, workspace, path

struct Object {
    std::string version, bytes;
    int64_t modified_ns = 0;
    std::vector<std::pair<std::string, std::string>> attributes;
};

// A store. It stays when it is closed, so that it can be opened again.
struct Place {
    std::map<Key, Object> objects;
    uint64_t writes = 0;
    std::string life;  // random: a version of another process must not come back
};

const holdfast_host *the_host;
// `open` may be called from several threads; all other calls come one at a time.
std::mutex lock;
std::map<std::string, std::unique_ptr<Place>> places;

// ---- Between C and C++ ----------------------------------------------------------------------

std::string_view view(holdfast_text text) {
    return text.size == 0 ? std::string_view{} : std::string_view{text.data, text.size};
}

holdfast_text text(std::string_view view) { return {view.data(), view.size()}; }

Key key_of(const holdfast_key &key) {
    return {std::string{view(key.collection)}, std::string{view(key.workspace)},
            std::string{view(key.path)}};
}

template <typename Item> const Item &element(const void *items, uint32_t index, uint32_t stride) {
    return *reinterpret_cast<const Item *>(static_cast<const char *>(items) +
                                           size_t{index} * stride);
}

// A failure on its way to the host.
struct Failure {
    holdfast_status status;
    std::string message;
    std::string current_version = {};
};

// What a sink answered on its way back to the host, which knows why.
struct Ended {
    holdfast_status status;
};

void pass(holdfast_status status) {
    if (status != HOLDFAST_OK) throw Ended{status};
}

holdfast_status report(const holdfast_call *call, const Failure &failure,
                       holdfast_applied applied) {
    holdfast_error error{};
    error.size = sizeof error;
    error.status = failure.status;
    error.applied = applied;
    error.message = text(failure.message);
    error.current_version = text(failure.current_version);
    the_host->fail(call, &error);
    return failure.status;
}

// Runs a call: no exception leaves the library, and what is left of a write is told truthfully.
template <typename Body>
holdfast_status guard(const holdfast_call *call, Body body,
                      holdfast_applied unexpected = HOLDFAST_APPLIED_NO) noexcept {
    try {
        body();
        return HOLDFAST_OK;
    } catch (const Failure &failure) {
        return report(call, failure, HOLDFAST_APPLIED_NO);
    } catch (const Ended &ended) {
        return ended.status;
    } catch (const std::bad_alloc &) {
        return report(call, {HOLDFAST_FULL, "there is not enough memory"}, unexpected);
    } catch (const std::exception &error) {
        return report(call, {HOLDFAST_INTERNAL, error.what()}, unexpected);
    } catch (...) {
        return report(call, {HOLDFAST_INTERNAL, "an unknown exception"}, unexpected);
    }
}

void check_time(const holdfast_call *call) {
    if (!the_host->cancelled(call)) return;
    auto now = std::chrono::steady_clock::now().time_since_epoch();  // CLOCK_MONOTONIC
    if (std::chrono::nanoseconds{now}.count() >= call->deadline_ns)
        throw Failure{HOLDFAST_DEADLINE, "the deadline passed"};
    throw Failure{HOLDFAST_CANCELLED, "the call was cancelled"};
}

template <typename Body> void with_info(const Object &object, bool attributes, Body body) {
    std::vector<holdfast_attribute> items;
    if (attributes) {
        for (const auto &[name, value] : object.attributes)
            items.push_back({sizeof(holdfast_attribute), 0, text(name), text(value)});
    }
    body(holdfast_info{sizeof(holdfast_info), 0, text(object.version), object.bytes.size(),
                       object.modified_ns, items.data(), static_cast<uint32_t>(items.size()),
                       sizeof(holdfast_attribute)});
}

void send_info(const Object &object, const holdfast_info_sink *sink) {
    with_info(object, true,
              [&](const holdfast_info &info) { pass(sink->info(sink->context, &info)); });
}

// ---- Life -----------------------------------------------------------------------------------

holdfast_status start(const holdfast_host *host, const holdfast_call *, void **driver) {
    the_host = host;
    *driver = &places;
    return HOLDFAST_OK;
}

holdfast_status stop(void *, const holdfast_call *) { return HOLDFAST_OK; }

holdfast_status describe(void *, const holdfast_call *, const holdfast_sink *sink) {
    // The version is that of the table and of driver.toml; docs/writing-a-driver.md has the schema.
    static constexpr std::string_view document = R"({
        "format": 1, "id": "@ID@", "version": "0.1.0", "vendor": "Unpublished",
        "summary": "Objects in the memory of one process.",
        "addressing": "rows", "grace_ms": 1000,
        "options": [
            {"name": "name", "type": "string", "required": false, "default": "default",
             "summary": "Stores of the same name share their objects."}
        ],
        "capabilities": [
            {"id": "condition.absent", "level": 20, "limit": 0, "note": ""},
            {"id": "condition.version", "level": 20, "limit": 0, "note": ""},
            {"id": "range", "level": 20, "limit": 0, "note": ""},
            {"id": "list.attributes", "level": 20, "limit": 0, "note": ""},
            {"id": "value", "level": 20, "limit": 1073741824, "note": ""},
             {"id": "volatile", "level": 20, "limit": 0, "note": "gone with the process"}
        ]
    })";
    return sink->write(sink->context, reinterpret_cast<const uint8_t *>(document.data()),
                       document.size());
}

holdfast_status open_store(void *, const holdfast_call *call, const holdfast_options *options,
                           void **store) {
    return guard(call, [&] {
        if (options->flags & ~HOLDFAST_OPEN_EXISTING)
            throw Failure{HOLDFAST_UNSUPPORTED, "a flag of opening is not known"};
        std::string name = "default";
        for (uint32_t index = 0; index < options->count; index++) {
            const auto &option = element<holdfast_option>(options->items, index, options->stride);
            if (view(option.name) == "name") name = view(option.text);
        }
        check_time(call);
        std::lock_guard guard{lock};
        auto found = places.find(name);
        if (found == places.end() && (options->flags & HOLDFAST_OPEN_EXISTING))
            throw Failure{HOLDFAST_NOT_FOUND, "no store of the name '" + name + "' was opened yet"};
        if (found == places.end()) {
            auto place = std::make_unique<Place>();
            std::random_device random;
            for (int word = 0; word < 4; word++) place->life += std::to_string(random()) + "-";
            found = places.emplace(name, std::move(place)).first;
        }
        *store = found->second.get();
    });
}

holdfast_status close_store(void *, const holdfast_call *) { return HOLDFAST_OK; }

holdfast_status capabilities(void *, const holdfast_call *call,
                             const holdfast_capability_sink *sink) {
    return guard(call, [&] {
        for (std::string_view name : {"condition.absent", "condition.version", "range",
                                      "list.attributes", "value", "volatile"}) {
            holdfast_capability one{};
            one.size = sizeof one;
            one.id = text(name);
            one.level = HOLDFAST_LEVEL_NATIVE;
            one.limit = name == "value" ? most_bytes : 0;
            pass(sink->capability(sink->context, &one));
        }
    });
}

holdfast_status ping(void *, const holdfast_call *, const holdfast_clock_sink *sink) {
    holdfast_clock clock{};  // no clock
    clock.size = sizeof clock;
    return sink->clock(sink->context, &clock);
}

// ---- Objects --------------------------------------------------------------------------------

const Object &find(void *store, const holdfast_key &key) {
    auto &objects = static_cast<Place *>(store)->objects;
    auto found = objects.find(key_of(key));
    if (found == objects.end())
        throw Failure{HOLDFAST_NOT_FOUND,
                      "there is no object '" + std::string{view(key.path)} + "'"};
    return found->second;
}

holdfast_status head(void *store, const holdfast_call *call, const holdfast_key *key,
                     const holdfast_info_sink *sink) {
    return guard(call, [&] {
        check_time(call);
        send_info(find(store, *key), sink);
    });
}

holdfast_status get(void *store, const holdfast_call *call, const holdfast_get *request,
                    const holdfast_info_sink *info, const holdfast_sink *sink) {
    return guard(call, [&] {
        check_time(call);
        const Object &object = find(store, *request->key);
        send_info(object, info);
        if (request->offset >= object.bytes.size()) return;
        std::string_view rest = std::string_view{object.bytes}.substr(request->offset);
        for (rest = rest.substr(0, request->length); !rest.empty();) {
            std::string_view piece = rest.substr(0, 65536);
            check_time(call);
            pass(sink->write(sink->context, reinterpret_cast<const uint8_t *>(piece.data()),
                             piece.size()));
            rest.remove_prefix(piece.size());
        }
    });
}

void check(const Place &place, const Key &key, const holdfast_condition &condition) {
    auto found = place.objects.find(key);
    bool exists = found != place.objects.end();
    std::string current = exists ? found->second.version : "";
    switch (condition.kind) {
    case HOLDFAST_CONDITION_NONE: return;
    case HOLDFAST_CONDITION_ABSENT:
        if (!exists) return;
        throw Failure{HOLDFAST_CONDITION, "the object exists already", current};
    case HOLDFAST_CONDITION_VERSION:
        if (exists && view(condition.version) == current) return;
        throw Failure{HOLDFAST_CONDITION, "the object has another version, or is gone", current};
    default: throw Failure{HOLDFAST_UNSUPPORTED, "the condition's kind is not known"};
    }
}

std::string read_all(const holdfast_call *call, const holdfast_source &source) {
    std::string bytes;
    std::vector<uint8_t> buffer(65536);
    for (uint64_t count = 1; count > 0;) {
        check_time(call);
        count = 0;
        if (source.read(source.context, buffer.data(), buffer.size(), &count) != HOLDFAST_OK)
            throw Failure{HOLDFAST_SOURCE, "the source of the bytes failed"};
        if (bytes.size() + count > most_bytes)
            throw Failure{HOLDFAST_TOO_LARGE, "an object has at most 1 GiB"};
        bytes.append(reinterpret_cast<const char *>(buffer.data()), count);
    }
    if (source.length != HOLDFAST_LENGTH_UNKNOWN && source.length != bytes.size())
        throw Failure{HOLDFAST_SOURCE, "the source gave another number of bytes than it said"};
    return bytes;
}

holdfast_status put(void *store, const holdfast_call *call, const holdfast_put *request,
                    const holdfast_source *source, const holdfast_info_sink *sink) {
    auto body = [&] {
        Place &place = *static_cast<Place *>(store);
        Key key = key_of(*request->key);
        check_time(call);
        // Saves the transfer; what counts is the check below.
        check(place, key, *request->condition);
        Object object;
        for (uint32_t index = 0; index < request->attribute_count; index++) {
            const auto &one = element<holdfast_attribute>(request->attributes, index,
                                                          request->attribute_stride);
            object.attributes.emplace_back(view(one.name), view(one.value));
        }
        object.bytes = read_all(call, *source);
        check(place, key, *request->condition);
        auto now = std::chrono::system_clock::now().time_since_epoch();
        object.modified_ns = std::chrono::nanoseconds{now}.count();
        object.version = place.life + std::to_string(++place.writes);
        Object &kept = place.objects[key] = std::move(object);
        send_info(kept, sink);
    };
    return guard(call, body, HOLDFAST_APPLIED_UNKNOWN);
}

holdfast_status remove_object(void *store, const holdfast_call *call,
                              const holdfast_remove *request) {
    auto body = [&] {
        Place &place = *static_cast<Place *>(store);
        check_time(call);
        check(place, key_of(*request->key), *request->condition);
        place.objects.erase(key_of(*request->key));
    };
    return guard(call, body, HOLDFAST_APPLIED_UNKNOWN);
}

holdfast_status list(void *store, const holdfast_call *call, const holdfast_list *request,
                     const holdfast_entry_sink *sink) {
    return guard(call, [&] {
        const auto &objects = static_cast<Place *>(store)->objects;
        std::string collection{view(request->collection)}, workspace{view(request->workspace)};
        std::string prefix{view(request->prefix)}, after{view(request->start_after)};
        auto at = objects.lower_bound({collection, workspace, prefix});
        if (!after.empty() && after >= prefix)
            at = objects.upper_bound({collection, workspace, after});
        for (uint32_t sent = 0; sent < request->limit && at != objects.end(); sent++, at++) {
            const auto &[own_collection, own_workspace, path] = at->first;
            if (own_collection != collection || own_workspace != workspace ||
                !path.starts_with(prefix))
                break;
            check_time(call);
            bool attributes = request->flags & HOLDFAST_LIST_ATTRIBUTES;
            with_info(at->second, attributes, [&](const holdfast_info &info) {
                holdfast_entry entry{sizeof entry, 0, text(path), &info};
                pass(sink->entries(sink->context, &entry, 1, sizeof entry));
            });
        }
        check_time(call);
    });
}

const holdfast_driver table = {
    .size = sizeof table,
    .flags = 0,
    .abi_minor = HOLDFAST_ABI_MINOR,
    .draft = HOLDFAST_DRAFT,
    .behaviour = HOLDFAST_BEHAVIOUR,
    .thread_model = HOLDFAST_THREADS_PER_DRIVER,
    .id = {id.data(), id.size()},
    .version = {version.data(), version.size()},
    .vendor = {vendor.data(), vendor.size()},
    .start = start,
    .stop = stop,
    .describe = describe,
    .extension = nullptr,
    .open = open_store,
    .close = close_store,
    .capabilities = capabilities,
    .head = head,
    .get = get,
    .put = put,
    .remove = remove_object,
    .list = list,
    .ping = ping,
};

}  // namespace

extern "C" __attribute__((visibility("default"))) holdfast_status
holdfast_driver_main_v1(const holdfast_offer *offer, const holdfast_driver **driver) {
    if (offer->draft != HOLDFAST_DRAFT) return HOLDFAST_UNSUPPORTED;
    *driver = &table;
    return HOLDFAST_OK;
}
