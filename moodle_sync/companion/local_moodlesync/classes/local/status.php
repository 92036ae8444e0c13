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
 * What the client must know before it does anything.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

/**
 * Versions, the identity of the site, what the caller may do, and what no core web service tells of the site.
 */
final class status {
    /** What pushing and pulling ask for, at system level. */
    private const CAPABILITIES = [
        'local/moodlesync:read',
        'local/moodlesync:write',
        'webservice/rest:use',
        'moodle/category:manage',
        'moodle/course:create',
        'moodle/course:view',
        'moodle/course:viewhiddencourses',
        'moodle/course:viewhiddensections',
        'moodle/course:viewhiddenactivities',
        'moodle/course:update',
        'moodle/course:changecategory',
        'moodle/course:changefullname',
        'moodle/course:changeshortname',
        'moodle/course:changeidnumber',
        'moodle/course:changesummary',
        'moodle/course:visibility',
        'moodle/course:sectionvisibility',
        'moodle/course:movesections',
        'moodle/course:manageactivities',
        'moodle/course:activityvisibility',
        'moodle/course:viewparticipants',
        'moodle/course:managegroups',
        'moodle/grade:managegradingforms',
        'moodle/competency:competencymanage',
        'moodle/competency:coursecompetencymanage',
        'moodle/competency:coursecompetencyconfigure',
        'moodle/user:viewdetails',
        'moodle/user:viewalldetails',
        'moodle/site:viewuseridentity',
        'enrol/manual:enrol',
        'moodle/role:assign',
        'moodle/calendar:manageentries',
        'mod/page:addinstance',
        'mod/page:view',
        'mod/assign:addinstance',
        'mod/assign:view',
        'mod/quiz:addinstance',
        'mod/quiz:view',
        'mod/feedback:addinstance',
        'mod/feedback:edititems',
        'mod/url:addinstance',
        'mod/url:view',
        'mod/forum:addinstance',
        'mod/resource:addinstance',
        'mod/resource:view',
        'mod/label:addinstance',
        'mod/label:view',
        'moodle/question:add',
        'moodle/question:managecategory',
        'moodle/question:useall',
        'moodle/question:editall',
        'mod/quiz:manage',
        'moodle/course:ignoreavailabilityrestrictions',
        'moodle/course:enrolreview',
        'moodle/course:viewsuspendedusers',
        'moodle/role:review',
        'moodle/site:accessallgroups',
        'report/progress:view',
        'report/completion:view',
        'moodle/grade:viewall',
        'moodle/grade:viewhidden',
        'gradereport/user:view',
        'mod/quiz:viewreports',
        'mod/assign:viewgrades',
        'mod/feedback:view',
        'mod/feedback:viewreports',
        'moodle/competency:usercompetencyview',
        'moodle/competency:planview',
    ];

    /**
     * Reads the status.
     *
     * @return array
     */
    public static function read(): array {
        global $CFG, $USER;
        $plugin = \core_plugin_manager::instance()->get_plugin_info('local_moodlesync');
        $context = \context_system::instance();
        $capabilities = [];
        foreach (self::CAPABILITIES as $name) {
            $capabilities[$name] = get_capability_info($name) && has_capability($name, $context);
        }
        return [
            'release' => (string)$plugin->release,
            'version' => (int)get_config('local_moodlesync', 'version'),
            'moodle_release' => (string)$CFG->release,
            'moodle_version' => (string)$CFG->version,
            'site_id' => hash('sha256', get_site_identifier()),
            'wwwroot' => $CFG->wwwroot,
            'servertime' => time(),
            'userid' => (int)$USER->id,
            'capabilities' => $capabilities,
            'assigns' => self::assigns((int)$USER->id, $context),
            'languages' => self::languages(),
            'lastcron' => self::lastcron(),
        ];
    }

    /**
     * The roles that "Allow role assignments" lets the caller give in a course, by shortname; get_assignable_roles()
     * would ask for a course, and for moodle/role:assign, which is told apart.
     *
     * @param int $userid
     * @param \context_system $context
     * @return string[] sorted
     */
    private static function assigns(int $userid, \context_system $context): array {
        global $DB;
        $allowed = '';
        $params = ['courselevel' => CONTEXT_COURSE];
        if (!is_siteadmin($userid)) {
            $allowed = 'JOIN (SELECT DISTINCT raa.allowassign AS roleid
                                FROM {role_allow_assign} raa
                                JOIN {role_assignments} ra ON ra.roleid = raa.roleid
                               WHERE ra.userid = :userid AND ra.contextid = :contextid) a ON a.roleid = r.id';
            $params += ['userid' => $userid, 'contextid' => $context->id];
        }
        $sql = "SELECT r.id, r.shortname
                  FROM {role} r
                  JOIN {role_context_levels} rcl ON rcl.roleid = r.id AND rcl.contextlevel = :courselevel
               $allowed";
        $names = array_values($DB->get_records_sql_menu($sql, $params));
        sort($names, SORT_STRING);
        return $names;
    }

    /**
     * The codes of the language packs that are installed, those among them that are not offered to users too.
     *
     * @return string[] sorted
     */
    private static function languages(): array {
        $codes = array_keys(get_string_manager()->get_list_of_translations(true));
        sort($codes, SORT_STRING);
        return $codes;
    }

    /**
     * When cron last began, null when it never did.
     *
     * @return int|null
     */
    private static function lastcron(): ?int {
        return (int)get_config('tool_task', 'lastcronstart') ?: null;
    }
}
