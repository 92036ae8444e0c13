<?php
// This file is part of Moodle - https://moodle.org/
//
// Moodle is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Moodle is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * What is deleted in Moodle loses its keys and baselines.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync;

use local_moodlesync\local\keymap;

/**
 * Drops rows of objects that are gone, so that a later write makes them anew and a later plan compares with nothing.
 */
final class observer {
    /** The tables. */
    private const MAP = 'local_moodlesync_map';
    /** The tables. */
    private const BASELINE = 'local_moodlesync_baseline';

    /**
     * An activity was deleted.
     *
     * @param \core\event\course_module_deleted $event the event
     */
    public static function course_module_deleted(\core\event\course_module_deleted $event): void {
        global $DB;
        $idnumber = (string)($event->get_record_snapshot('course_modules', $event->objectid)->idnumber ?? '');
        $ours = self::ours((int)$event->courseid, $idnumber);
        if (!$ours || $DB->record_exists('course_modules', ['course' => $event->courseid, 'idnumber' => $idnumber])) {
            return; // The same key was there twice: the other one stays.
        }
        [$where, $key] = $ours;
        foreach (['activity', 'rubric'] as $kind) {
            $DB->delete_records(self::BASELINE, $where + ['kind' => $kind, 'objkey' => $key]);
        }
        foreach (
            [[self::MAP, keymap::CRITERION, "$key/"], [self::MAP, keymap::LEVEL, "$key/"], [self::MAP, keymap::ITEM, "$key/"],
                [self::BASELINE, local\baseline::QUESTION, "$key/"], [self::BASELINE, 'activity_competency', "$key~"]] as $group
        ) {
            [$table, $kind, $prefix] = $group;
            $like = $DB->sql_like('objkey', ':prefix');
            $DB->delete_records_select(
                $table,
                "namespace = :namespace AND courseid = :courseid AND kind = :kind AND $like",
                $where + ['kind' => $kind, 'prefix' => $DB->sql_like_escape($prefix) . '%']
            );
        }
    }

    /**
     * A section was deleted.
     *
     * @param \core\event\course_section_deleted $event the event
     */
    public static function course_section_deleted(\core\event\course_section_deleted $event): void {
        self::drop((int)$event->courseid, [keymap::SECTION => 'section'], (int)$event->objectid);
    }

    /**
     * An enrolment was deleted.
     *
     * @param \core\event\user_enrolment_deleted $event the event
     */
    public static function user_enrolment_deleted(\core\event\user_enrolment_deleted $event): void {
        self::drop((int)$event->courseid, [keymap::ENROLMENT => 'enrolment'], (int)$event->objectid);
    }

    /**
     * A calendar event was deleted.
     *
     * @param \core\event\calendar_event_deleted $event the event
     */
    public static function calendar_event_deleted(\core\event\calendar_event_deleted $event): void {
        self::drop((int)$event->courseid, [keymap::EVENT => 'event'], (int)$event->objectid);
    }

    /**
     * A group was deleted, and its members with it.
     *
     * @param \core\event\group_deleted $event the event
     */
    public static function group_deleted(\core\event\group_deleted $event): void {
        global $DB;
        $idnumber = (string)($event->get_record_snapshot('groups', $event->objectid)->idnumber ?? '');
        $ours = self::ours((int)$event->courseid, $idnumber);
        if ($ours && !$DB->record_exists('groups', ['courseid' => $event->courseid, 'idnumber' => $idnumber])) {
            [$where, $key] = $ours;
            $DB->delete_records(self::BASELINE, $where + ['kind' => 'group', 'objkey' => $key]);
        }
        self::drop_members((int)$event->courseid);
    }

    /**
     * Somebody left a group.
     *
     * @param \core\event\group_member_removed $event the event
     */
    public static function group_member_removed(\core\event\group_member_removed $event): void {
        self::drop_members((int)$event->courseid);
    }

    /**
     * All sections and activities of a course were deleted (enrolments and groups have events of their own).
     *
     * @param \core\event\course_content_deleted $event the event
     */
    public static function course_content_deleted(\core\event\course_content_deleted $event): void {
        global $DB;
        foreach ([self::MAP, self::BASELINE] as $table) {
            [$not, $kinds] = $DB->get_in_or_equal([keymap::ENROLMENT, keymap::ROLE, 'group', keymap::MEMBER], equal: false);
            $DB->delete_records_select($table, "courseid = ? AND kind $not", [(int)$event->objectid, ...$kinds]);
        }
    }

    /**
     * A course was deleted.
     *
     * @param \core\event\course_deleted $event the event
     */
    public static function course_deleted(\core\event\course_deleted $event): void {
        global $DB;
        foreach ([self::MAP, self::BASELINE] as $table) {
            $DB->delete_records($table, ['courseid' => (int)$event->objectid]);
        }
        [$namespace, $key] = explode(':', (string)($event->other['idnumber'] ?? ''), 2) + [1 => ''];
        foreach (array_filter([$key, "$namespace:$key"]) as $name) {
            $DB->delete_records(
                self::BASELINE,
                ['namespace' => $namespace, 'courseid' => 0, 'kind' => 'course', 'objkey' => $name]
            );
        }
    }

    /**
     * Whose an idnumber is.
     *
     * @param int $courseid the course
     * @param string $idnumber an idnumber in it
     * @return array|null the columns by which its rows are known, and its key; null when it is none of ours
     */
    private static function ours(int $courseid, string $idnumber): ?array {
        global $DB;
        $prefix = $DB->get_field('course', 'idnumber', ['id' => $courseid]) . ':';
        if ($prefix === ':' || !str_starts_with($idnumber, $prefix)) {
            return null;
        }
        return [['namespace' => explode(':', $idnumber)[0], 'courseid' => $courseid], substr($idnumber, strlen($prefix))];
    }

    /**
     * Drops the rows of members who are no longer there. Moodle's event does not say which row was theirs.
     *
     * @param int $courseid the course
     */
    private static function drop_members(int $courseid): void {
        global $DB;
        $DB->delete_records_select(
            self::MAP,
            'courseid = ? AND kind = ? AND objid NOT IN (
                SELECT gm.id FROM {groups_members} gm JOIN {groups} g ON g.id = gm.groupid WHERE g.courseid = ?)',
            [$courseid, keymap::MEMBER, $courseid]
        );
    }

    /**
     * Drops the row of an object, and the baseline of its key.
     *
     * @param int $courseid the course
     * @param string[] $kinds kind in the baseline, by kind in the map
     * @param int $objid Moodle's id
     */
    private static function drop(int $courseid, array $kinds, int $objid): void {
        global $DB;
        foreach ($kinds as $kind => $baseline) {
            foreach ($DB->get_records(self::MAP, ['courseid' => $courseid, 'kind' => $kind, 'objid' => $objid]) as $row) {
                $where = ['namespace' => $row->namespace, 'courseid' => $courseid, 'objkey' => $row->objkey];
                $DB->delete_records(self::BASELINE, $where + ['kind' => $baseline]);
                if ($kind === keymap::ENROLMENT) {
                    $DB->delete_records(self::MAP, $where + ['kind' => keymap::ROLE]);
                }
                $DB->delete_records(self::MAP, ['id' => $row->id]);
            }
        }
    }
}
