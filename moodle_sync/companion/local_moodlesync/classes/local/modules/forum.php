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
 * Forums.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local\modules;

/**
 * The forum for general use, to which nobody is subscribed unless they wish.
 */
final class forum extends module {
    #[\Override]
    public function defaults(): array {
        global $CFG;
        require_once($CFG->dirroot . '/mod/forum/lib.php');
        $tracking = $CFG->forum_trackingtype ?? FORUM_TRACKING_OPTIONAL;
        return [
            'type' => 'general',
            'forcesubscribe' => FORUM_CHOOSESUBSCRIBE,
            'trackingtype' => $tracking == FORUM_TRACKING_FORCED && empty($CFG->forum_allowforcedreadtracking)
                ? FORUM_TRACKING_OPTIONAL : $tracking,
            'maxbytes' => $CFG->forum_maxbytes ?? 0,
            'maxattachments' => $CFG->forum_maxattachments ?? 9,
            'rsstype' => $CFG->forum_rsstype ?? 0,
            'rssarticles' => $CFG->forum_rssarticles ?? 0,
            'assessed' => 0,
            'scale' => 0,
            'grade_forum' => 0,
            'duedate' => 0,
            'cutoffdate' => 0,
        ];
    }
}
