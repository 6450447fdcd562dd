"""What is not the program's own in Dart: its libraries, Flutter, and packages that many use.

In: a file as it is printed. Out: whether it is a library's.
"""

from __future__ import annotations

import re

_PACKAGE = re.compile(r"(?:package:|packages/|.*/\.pub-cache/hosted/[^/]+/)([\w]+)")
_PACKAGES = frozenset(
    """
    flutter flutter_test flutter_driver flutter_web_plugins flutter_localizations test test_api
    async bloc flutter_bloc hydrated_bloc provider riverpod flutter_riverpod hooks_riverpod get
    get_it injectable mobx flutter_mobx redux stacked rxdart http http2 dio retrofit chopper
    graphql gql web_socket_channel grpc protobuf shelf shelf_router collection meta path intl
    logging stack_trace source_maps json_annotation equatable freezed_annotation built_value
    hive hive_flutter sqflite sqflite_common drift moor isar objectbox sembast
    shared_preferences path_provider url_launcher image_picker file_picker permission_handler
    webview_flutter video_player audioplayers just_audio camera geolocator google_maps_flutter
    go_router auto_route cached_network_image flutter_svg lottie shimmer firebase_core
    firebase_auth cloud_firestore firebase_messaging firebase_crashlytics sentry sentry_flutter
    workmanager supabase gotrue postgrest flame flutter_hooks easy_localization
    """.split()  # noqa: SIM905 - a list of words is read as one
)
#: Files of Flutter and of Dart, where only their names are printed.
_FILES = frozenset(
    """
    framework.dart binding.dart basic.dart navigator.dart ink_well.dart gesture_detector.dart
    recognizer.dart tap.dart pointer_router.dart change_notifier.dart object.dart box.dart
    proxy_box.dart sliver.dart sliver_list.dart layout_builder.dart scroll_view.dart
    scrollable.dart routes.dart overlay.dart focus_manager.dart platform_channel.dart
    message_codecs.dart ticker.dart animation_controller.dart listeners.dart zone.dart
    future_impl.dart future.dart stream_impl.dart schedule_microtask.dart async_patch.dart
    timer_impl.dart isolate_patch.dart hooks.dart errors.dart errors_patch.dart
    object_patch.dart growable_array.dart broadcast_stream_controller.dart
    """.split()  # noqa: SIM905 - a list of words is read as one
)


def is_of_library(file: str) -> bool:
    """Whether a file is not the program's own."""
    if file.startswith(("dart:", "dart-sdk/", "org-dartlang-sdk:", "lib/_engine/")):
        return True
    if found := _PACKAGE.match(file):
        return found[1] in _PACKAGES or ".pub-cache/" in file
    return file in _FILES
