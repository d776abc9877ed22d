import TaskDomain
import WireValues

/// Bodies as they are, for readers of the description.
enum APIExamples {
    static let newTask: JSON = [
        "title": "Submit report", "priority": "high", "tags": ["work"], "due_at": "2026-03-05T17:00:00Z",
        "reminder_offset_minutes": 60, "recurring_pattern": "weekly",
    ]
    static let patch: JSON = ["due_local": "2026-03-06T09:30:00", "priority": "low"]

    static let task: JSON = [
        "id": 123, "user_id": "user-7", "title": "Submit report", "description": "", "completed": false,
        "completed_at": .null, "priority": "high", "tags": ["work"], "due_at": "2026-03-05T17:00:00Z",
        "due_local": "2026-03-05T17:00:00", "all_day": false, "time_zone": "UTC", "reminders": [["before": "PT60M"]],
        "reminder_offset_minutes": 60, "all_day_reminder_time": .null,
        "recurrence": ["pattern": "weekly", "interval": 1, "anchor": "due", "catch_up": "skip", "month_end": "clamp"],
        "recurring_pattern": "weekly", "recurrence_rule": "FREQ=WEEKLY",
        "series_id": "0b7a1f2e-5b0e-4b52-9f0e-2f5a3f0f6f11", "series_version": 1, "occurrence_index": 1,
        "scheduled_local": "2026-03-05T17:00:00", "anchor_local": "2026-03-05T17:00:00", "version": 1,
        "created_at": "2026-03-01T18:00:00Z", "updated_at": "2026-03-01T18:00:00Z",
    ]
    static let sentence: JSON = ["text": "add task buy groceries due tomorrow at 5pm"]
    static let message: JSON = ["text": "show my high priority tasks"]
    static let settings: JSON = UserSettings().json
    static let settingsPatch: JSON = ["time_zone": "Europe/Berlin", "all_day_reminder_time": "08:00"]
}
