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
 * What the plugin keeps about persons: which enrolments and group memberships moodle_sync made.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\privacy;

use core_privacy\local\metadata\collection;
use core_privacy\local\request\approved_contextlist;
use core_privacy\local\request\approved_userlist;
use core_privacy\local\request\contextlist;
use core_privacy\local\request\transform;
use core_privacy\local\request\userlist;
use core_privacy\local\request\writer;
use local_moodlesync\local\answer;
use local_moodlesync\local\keymap;

/**
 * A key map row of an enrolment or of a member of a group says that it was made by moodle_sync, under which key, and when.
 * The baseline beside an enrolment says which role, status and dates were written; that of a group, whom we put into it.
 * Nothing else that is kept concerns anybody.
 */
final class provider implements
    \core_privacy\local\metadata\provider,
    \core_privacy\local\request\core_userlist_provider,
    \core_privacy\local\request\plugin\provider {
    /** Rows of persons in a course. */
    private const FROM = "FROM {local_moodlesync_map} map
                     LEFT JOIN {user_enrolments} ue ON ue.id = map.objid AND map.kind = 'enrolment'
                     LEFT JOIN {groups_members} gm ON gm.id = map.objid AND map.kind = 'member'
                          JOIN {context} ctx ON ctx.instanceid = map.courseid AND ctx.contextlevel = 50";

    /** Whose row it is. */
    private const PERSON = 'COALESCE(ue.userid, gm.userid)';

    #[\Override]
    public static function get_metadata(collection $collection): collection {
        $collection->add_database_table('local_moodlesync_map', [
            'objkey' => 'privacy:metadata:map:objkey',
            'objid' => 'privacy:metadata:map:objid',
            'timecreated' => 'privacy:metadata:map:timecreated',
        ], 'privacy:metadata:map');
        $collection->add_database_table('local_moodlesync_baseline', [
            'objkey' => 'privacy:metadata:baseline:objkey',
            'value' => 'privacy:metadata:baseline:value',
        ], 'privacy:metadata:baseline');
        return $collection;
    }

    #[\Override]
    public static function get_contexts_for_userid(int $userid): contextlist {
        $list = new contextlist();
        $list->add_from_sql('SELECT ctx.id ' . self::FROM . ' WHERE ' . self::PERSON . ' = :userid', ['userid' => $userid]);
        return $list;
    }

    #[\Override]
    public static function get_users_in_context(userlist $userlist) {
        $sql = 'SELECT ' . self::PERSON . ' AS userid ' . self::FROM . ' WHERE ctx.id = :contextid AND ' . self::PERSON . ' > 0';
        $userlist->add_from_sql('userid', $sql, ['contextid' => $userlist->get_context()->id]);
    }

    #[\Override]
    public static function export_user_data(approved_contextlist $contextlist) {
        global $DB;
        foreach ($contextlist->get_contexts() as $context) {
            $data = [];
            foreach (self::rows($context, [$contextlist->get_user()->id]) as $row) {
                $value = $DB->get_field('local_moodlesync_baseline', 'value', self::baseline($row));
                $data[$row->kind === keymap::MEMBER ? 'memberships' : 'enrolments'][] = [
                    'namespace' => $row->namespace,
                    'key' => $row->objkey,
                    'timecreated' => transform::datetime($row->timecreated),
                    'written' => $value ? json_decode($value) : null,
                ];
            }
            if ($data) {
                $path = [get_string('pluginname', 'local_moodlesync')];
                writer::with_context($context)->export_data($path, (object)$data);
            }
        }
    }

    #[\Override]
    public static function delete_data_for_all_users_in_context(\context $context) {
        self::delete($context, null);
    }

    #[\Override]
    public static function delete_data_for_user(approved_contextlist $contextlist) {
        foreach ($contextlist->get_contexts() as $context) {
            self::delete($context, [(int)$contextlist->get_user()->id]);
        }
    }

    #[\Override]
    public static function delete_data_for_users(approved_userlist $userlist) {
        self::delete($userlist->get_context(), array_map('intval', $userlist->get_userids()));
    }

    /**
     * Key map rows of persons.
     *
     * @param \context $context of the course
     * @param int[]|null $userids the persons, null for everybody
     * @return \stdClass[]
     */
    private static function rows(\context $context, ?array $userids): array {
        global $DB;
        if ($userids === []) {
            return [];
        }
        [$in, $params] = $userids === null ? ['> 0', []] : $DB->get_in_or_equal($userids, SQL_PARAMS_NAMED);
        return $DB->get_records_sql(
            'SELECT map.* ' . self::FROM . ' WHERE ctx.id = :contextid AND ' . self::PERSON . " $in",
            ['contextid' => $context->id] + $params
        );
    }

    /**
     * Deletes rows of persons with what hangs on them. The enrolment and the membership are Moodle's own affair.
     *
     * @param \context $context of the course
     * @param int[]|null $userids the persons, null for everybody
     */
    private static function delete(\context $context, ?array $userids): void {
        global $DB;
        foreach (self::rows($context, $userids) as $row) {
            $DB->delete_records('local_moodlesync_baseline', self::baseline($row));
            $DB->delete_records('local_moodlesync_map', ['kind' => keymap::ROLE] + self::baseline($row));
            $DB->delete_records('local_moodlesync_map', ['id' => $row->id]);
        }
        if ($context->contextlevel === CONTEXT_COURSE) {
            self::delete_from_groups((int)$context->instanceid, $userids);
        }
    }

    /**
     * Takes persons out of what was last written of groups.
     *
     * @param int $courseid the course
     * @param int[]|null $userids the persons, null for everybody
     */
    private static function delete_from_groups(int $courseid, ?array $userids): void {
        global $DB;
        foreach ($DB->get_records('local_moodlesync_baseline', ['courseid' => $courseid, 'kind' => 'group']) as $row) {
            $value = json_decode($row->value);
            if (isset($value->members->observed)) {
                $left = $userids === null ? [] : array_diff($value->members->observed, $userids);
                $value->members->observed = array_values($left);
                $DB->set_field('local_moodlesync_baseline', 'value', answer::encode($value), ['id' => $row->id]);
            }
        }
    }

    /**
     * How the baseline of an enrolment is found. Of a member there is none.
     *
     * @param \stdClass $row key map row
     * @return array
     */
    private static function baseline(\stdClass $row): array {
        return [
            'namespace' => $row->namespace,
            'courseid' => $row->courseid,
            'kind' => $row->kind,
            'objkey' => $row->objkey,
        ];
    }
}
