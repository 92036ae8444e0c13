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
 * Versions, the identity of the site, and what the caller may do.
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
        ];
    }
}
